import AxeBuilder from '@axe-core/playwright';
import { expect, type Page } from '@playwright/test';
import { signedIn, type Name, test } from './office';

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

async function findsNothing(page: Page, what: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).withTags(TAGS).analyze();
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target, failureSummary }) => `${target.join(' ')} ${failureSummary}`).join(' | ')}`);
  expect.soft(found, what).toEqual([]);
}

interface Visit {
  name: Name;
  hash: string;
  ready: (page: Page) => Promise<void>;
}

const heading = (name: string) => async (page: Page) => expect(page.getByRole('heading', { level: 1, name })).toBeVisible();

const VISITS: Visit[] = [
  { name: 'Alice', hash: 'counter', ready: async (page) => expect(page.getByRole('button', { name: /Ada Lovelace/ })).toBeVisible() },
  { name: 'Alice', hash: 'tasks', ready: heading('Sent') },
  { name: 'Alice', hash: 'board', ready: async (page) => expect(page.getByRole('img', { name: /^Decisions/ })).toBeVisible() },
  { name: 'Alice', hash: 'record/transfer/1', ready: async (page) => expect(page.locator('.timeline')).toBeVisible() },
  { name: 'Alice', hash: 'operators', ready: async (page) => expect(page.getByRole('listitem').filter({ hasText: 'Erin' })).toBeVisible() },
  { name: 'Carol', hash: 'desk', ready: async (page) => expect(page.locator('[data-key="document/1"]')).toBeVisible() },
  { name: 'Carol', hash: 'desk/transfer/2', ready: async (page) => expect(page.getByRole('button', { name: 'Reject' })).toBeVisible() },
  { name: 'Erin', hash: 'desk/inquiry/2', ready: async (page) => expect(page.getByLabel('Your answer')).toBeVisible() },
];

for (const scheme of ['light', 'dark'] as const) {
  test(`axe finds nothing on any view (${scheme})`, async ({ browser }) => {
    test.setTimeout(240_000);
    const pages = new Map<Name, Page>();
    for (const { name, hash, ready } of VISITS) {
      const page = pages.get(name) ?? (await signedIn(browser, name, { colorScheme: scheme, reducedMotion: 'reduce' }));
      pages.set(name, page);
      await page.goto(`/#/${hash}`);
      await ready(page);
      await findsNothing(page, `${name} ${hash}`);
    }
    const carol = pages.get('Carol') as Page;
    await carol.keyboard.press('r');
    await expect(carol.getByRole('alertdialog')).toBeVisible();
    await findsNothing(carol, 'the rejection');
    await carol.keyboard.press('Escape');
    await expect(carol.getByRole('alertdialog')).toBeHidden();
    await carol.keyboard.press('?');
    await expect(carol.getByRole('dialog')).toBeVisible();
    await findsNothing(carol, 'the shortcut sheet');
    await carol.keyboard.press('Escape');
    await carol.getByRole('button', { name: 'Your account' }).click();
    await expect(carol.getByRole('menu')).toBeVisible();
    await findsNothing(carol, 'the account menu');

    const stranger = await (await browser.newContext({ colorScheme: scheme })).newPage();
    await stranger.goto('/');
    await expect(stranger.getByRole('button', { name: 'Sign in' })).toBeVisible();
    await findsNothing(stranger, 'the sign-in');
    await stranger.setViewportSize({ width: 360, height: 740 });
    await findsNothing(stranger, 'the sign-in, narrow');
    await carol.keyboard.press('Escape');
    await carol.setViewportSize({ width: 360, height: 740 });
    await carol.goto('/#/desk');
    await expect(carol.locator('[data-key="document/1"]')).toBeVisible();
    await findsNothing(carol, 'the desk, narrow');
  });
}
