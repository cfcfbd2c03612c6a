import { mkdir, writeFile } from 'node:fs/promises';
import { expect, type APIRequestContext, type Page } from '@playwright/test';
import { Colleague, signedIn, type Name, test } from './office';

// Writes pictures of every view where SHOTS says; `make shots` writes those of docs/console.
const FOLDER = process.env.SHOTS ?? 'test-results/shots';

const NAMES = ['Mary Jackson', 'Dorothy Vaughan', 'Annie Easley', 'Radia Perlman', 'Barbara Liskov', '王小明', 'José Ángel Núñez'];
const CONTENTS = ['Passport, page 2', 'Bank statement of September', 'Extract of the company register, certified', 'Electricity bill'];
const PROBLEMS = ['Where is my transfer?', 'I cannot sign in since Monday.', 'Please raise my limit for the purchase of a house.'];
const AMOUNTS = ['19.90', '250.00', '4999.50', '12500.00', '88000.00'];

function pick<T>(from: readonly T[], number: number): T {
  return from[(number * 7 + Math.floor(number / 3)) % from.length] as T;
}

async function fill(request: APIRequestContext): Promise<void> {
  const [alice, bob, carol, erin] = await Promise.all((['Alice', 'Bob', 'Carol', 'Erin'] as const).map((name) => Colleague.of(request, name)));
  const cids: number[] = [];
  for (const name of NAMES) cids.push((await alice!.run('create_customer', { name })).result.customer.id);
  for (let number = 0; number < 60; number += 1) {
    const type = pick(['document', 'transfer', 'inquiry', 'transfer'], number);
    const data = {
      document: { content: pick(CONTENTS, number) },
      transfer: { amount: pick(AMOUNTS, number), currency: pick(['USD', 'EUR', 'GBP', 'TWD'], number) },
      inquiry: { problem: pick(PROBLEMS, number) },
    }[type];
    const level = number % 3 === 0 ? 2 : 1;
    const { result } = await alice!.run(`create_${type}`, { cid: pick(cids, number), level, ...data });
    const id = result[type!].id;
    if (number % 2 === 0) continue;
    if (type === 'inquiry') await erin!.run('respond_inquiry', { id, answer: 'It arrived this morning.', closed: number % 5 > 0 });
    else await (level > 1 ? carol! : bob!).run(`review_${type}`, { id, approved: number % 4 > 0, reason: 'Compared with the register.' });
  }
  await bob!.run('get_task', { type: 'document', id: 3 });
  await alice!.run('create_document', { cid: 999_999, content: 'For a customer who is not there' });
}

async function shoot(page: Page, name: string): Promise<void> {
  await page.evaluate(() => document.fonts.ready);
  await page.waitForTimeout(300);
  const session = await page.context().newCDPSession(page);
  const { data } = await session.send('Page.captureScreenshot', { format: 'webp', quality: 82 });
  await writeFile(`${FOLDER}/${name}.webp`, Buffer.from(data, 'base64'));
  await session.detach();
}

interface Shot {
  view: string;
  name: Name;
  hash: string;
  ready: (page: Page) => Promise<void>;
}

const SHOTS: Shot[] = [
  { view: 'desk', name: 'Carol', hash: 'desk', ready: async (page) => expect(page.locator('[data-key="transfer/1"]')).toBeVisible() },
  { view: 'item', name: 'Carol', hash: 'desk/transfer/2', ready: async (page) => expect(page.getByRole('article').locator('.timeline')).toBeVisible() },
  { view: 'inquiry', name: 'Erin', hash: 'desk/inquiry/2', ready: async (page) => expect(page.getByRole('article').locator('.timeline')).toBeVisible() },
  { view: 'counter', name: 'Alice', hash: 'counter', ready: async (page) => expect(page.getByRole('button', { name: /José/ })).toBeVisible() },
  { view: 'tasks', name: 'Alice', hash: 'tasks', ready: async (page) => expect(page.locator('[data-task]').first()).toBeVisible() },
  { view: 'board', name: 'Alice', hash: 'board', ready: async (page) => expect(page.getByRole('img', { name: /^Decisions/ })).toBeVisible() },
  { view: 'record', name: 'Alice', hash: 'record/transfer/2', ready: async (page) => expect(page.locator('.timeline')).toBeVisible() },
  { view: 'operators', name: 'Alice', hash: 'operators', ready: async (page) => expect(page.getByRole('listitem').filter({ hasText: 'Erin' })).toBeVisible() },
];

const SIZES = [
  { width: 360, height: 740 },
  { width: 1280, height: 800 },
  { width: 2560, height: 1300 },
];

test('every view is pictured at three widths, in both appearances', async ({ browser, request }) => {
  test.setTimeout(300_000);
  await mkdir(FOLDER, { recursive: true });
  await fill(request);
  const carol = await Colleague.of(request, 'Carol');
  await carol.run('get_task', { type: 'transfer', id: 2 });
  for (const scheme of ['light', 'dark'] as const) {
    const pages = new Map<Name, Page>();
    for (const { view, name, hash, ready } of SHOTS) {
      const page = pages.get(name) ?? (await signedIn(browser, name, { colorScheme: scheme, reducedMotion: 'reduce' }));
      pages.set(name, page);
      for (const size of scheme === 'light' ? SIZES : SIZES.slice(1, 2)) {
        await page.setViewportSize(size);
        await page.goto(`/#/${hash}`);
        await ready(page);
        if (view === 'board') await page.getByRole('radio', { name: 'Hour', exact: true }).click();
        await shoot(page, `${view}-${size.width}-${scheme}`);
        // Whatever the width, nothing is cut off at the side.
        expect.soft(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${view} at ${size.width}`).toBe(true);
      }
    }
    const page = pages.get('Carol') as Page;
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.goto('/#/desk/transfer/2');
    await page.keyboard.press('r');
    await expect(page.getByRole('alertdialog')).toBeVisible();
    await shoot(page, `rejection-1280-${scheme}`);
    await page.keyboard.press('Escape');
    await page.keyboard.press('?');
    await expect(page.getByRole('dialog')).toBeVisible();
    await shoot(page, `keys-1280-${scheme}`);
    const stranger = await (await browser.newContext({ colorScheme: scheme })).newPage();
    await stranger.goto('/');
    await expect(stranger.getByRole('button', { name: 'Sign in' })).toBeVisible();
    await shoot(stranger, `signin-1280-${scheme}`);
  }
  for (const [locale, tag] of [['zh-TW', 'zh'], ['es-ES', 'es']] as const) {
    const page = await signedIn(browser, 'Carol', { locale });
    await page.goto('/#/desk/transfer/2');
    await expect(page.getByRole('article').locator('.timeline')).toBeVisible();
    await shoot(page, `item-1280-${tag}`);
  }
});
