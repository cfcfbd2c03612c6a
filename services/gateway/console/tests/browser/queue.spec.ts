import { expect, type Page } from '@playwright/test';
import { Colleague, create, row, signedIn, TOKENS, test } from './office';

// What is next is what the list shows, and what cannot be decided says why.

const title = (page: Page) => page.getByRole('article').getByRole('heading', { level: 2 });
const next = (page: Page) => page.getByRole('button', { name: /Take next/ }).first();

async function search(page: Page, words: string): Promise<void> {
  await page.getByRole('searchbox').fill(words);
  await expect(page.getByTestId('count')).toHaveText(/of/);
}

test('what is next is the oldest of what the search has left in the list', async ({ browser, request }) => {
  await create(request, 'transfer', { amount: '21.00', currency: 'USD' });
  const first = await create(request, 'transfer', { amount: '22.00', currency: 'SEK' });
  const second = await create(request, 'transfer', { amount: '23.00', currency: 'SEK' });
  const page = await signedIn(browser, 'Carol');
  await search(page, 'sek');
  await expect(row(page, 'transfer', second)).toBeVisible();
  await next(page).click();
  await expect(title(page)).toHaveText(`Transfer ${first}`);
  await expect(page.getByTestId('lease')).toBeVisible();
  // After a decision too, and when nothing is left it says so.
  await page.keyboard.press('a');
  await expect(title(page)).toHaveText(`Transfer ${second}`);
  await expect(page.getByTestId('lease')).toBeVisible();
  await expect(async () => {
    await page.keyboard.press('a');
    await expect(page.getByText(`Transfer ${second} is approved.`)).toBeVisible({ timeout: 1_000 });
  }).toPass();
  await expect(page.getByText('Nothing in this view waits for you.').last()).toBeVisible();
  await expect(page.getByRole('article')).toHaveCount(0);
});

test('what is next obeys type, level and holder too', async ({ browser, request }) => {
  const id = await create(request, 'document', { content: 'Of level two', level: 2 });
  await create(request, 'document', { content: 'Of level one' });
  const page = await signedIn(browser, 'Carol');
  await page.getByRole('radio', { name: 'Documents' }).click();
  await page.getByRole('combobox', { name: 'Level' }).selectOption('2');
  await search(page, 'of level');
  await next(page).click();
  await expect(title(page)).toHaveText(`Document ${id}`);
  await expect(page.getByTestId('lease')).toBeVisible();
  // What she holds is not free.
  await page.getByRole('combobox', { name: 'Held by' }).selectOption('free');
  await next(page).click();
  await expect(page.getByText('Nothing in this view waits for you.').last()).toBeVisible();
  // What she looks at stays open.
  await expect(title(page)).toHaveText(`Document ${id}`);
  await page.getByRole('button', { name: 'Clear filters' }).click();
  await page.getByRole('combobox', { name: 'Held by' }).selectOption('mine');
  await next(page).click();
  await expect(title(page)).toHaveText(`Document ${id}`);
  await page.getByRole('combobox', { name: 'Held by' }).selectOption('others');
  await next(page).click();
  await expect(page.getByText('Nothing in this view waits for you.').last()).toBeVisible();
  const carol = await Colleague.of(request, 'Carol');
  await carol.run('release_task', { type: 'document', id });
});

test('a filter that another role left behind hides nothing and asks for nothing that is not permitted', async ({ browser }) => {
  const page = await signedIn(browser, 'Carol');
  await page.evaluate(() => sessionStorage.setItem('backoffice.filter', JSON.stringify({ types: ['inquiry'] })));
  await page.reload();
  await expect(page.locator('[role=row][data-key]').first()).toBeVisible();
  await next(page).click();
  await expect(page.getByTestId('lease')).toBeVisible();
  await page.getByRole('button', { name: 'Release' }).click();
});

test('an item of another role or a higher level says why it cannot be decided, and does not enter the queue', async ({ browser }) => {
  const page = await signedIn(browser, 'Bob');
  await expect(row(page, 'transfer', 1)).toBeVisible();
  const count = await page.getByTestId('count').textContent();
  for (const [type, why] of [['inquiry', 'This is decided by Service.'], ['transfer', 'This needs level 2; you have level 1.']] as const) {
    await page.goto(`/#/desk/${type}/2`);
    await expect(page.getByRole('article').getByText(why)).toBeVisible();
    await expect(row(page, type, 2)).toHaveCount(0);
    await expect(page.getByTestId('count')).toHaveText(count!);
    await expect(page.getByRole('button', { name: 'Approve' })).toBeHidden();
  }
});

test('no link of the desk leads to something that is not permitted', async ({ browser }) => {
  const page = await signedIn(browser, 'Bob');
  const refused: string[] = [];
  page.on('response', async (response) => {
    const text = response.url().endsWith('/api/v1') ? await response.text().catch(() => '') : '';
    if (/not_permitted|level_too_low/.test(text)) refused.push(response.request().postData() ?? '');
  });
  for (const hash of ['desk/inquiry/2', 'desk/transfer/2', 'desk/document/1']) {
    await page.goto(`/#/${hash}`);
    await expect(page.getByRole('article').getByText('Other items of this customer')).toBeVisible();
    const links = await page.getByRole('article').getByRole('link').evaluateAll((all) => all.map((link) => link.getAttribute('href')!));
    for (const link of links) {
      await page.goto(`/${link}`);
      await expect(page.getByRole('article').or(page.locator('.timeline')).first()).toBeVisible();
      await page.waitForLoadState('networkidle');
    }
  }
  expect(refused).toEqual([]);
});

test('the filter finds what people see: words late in a text, displayed amounts, translated types, folded names', async ({ browser, request }) => {
  const alice = new Colleague(request, TOKENS.Alice);
  await Colleague.of(request, 'Alice');
  const customer = await alice.run('create_customer', { name: 'José Müller-Filter' });
  const cid = customer.result.customer.id as number;
  const transfer = await create(request, 'transfer', { cid, amount: '1250000.00' });
  const document = await create(request, 'document', { cid, content: `${'word '.repeat(120)}zanzibar` });
  const other = await create(request, 'document', { content: 'Nothing of the kind' });
  const page = await signedIn(browser, 'Carol', { locale: 'es-ES' });
  const search = page.getByRole('searchbox').first();
  for (const [text, type, id] of [
    ['zanzibar', 'document', document],
    ['1.250.000,00', 'transfer', transfer],
    [`transferencia ${transfer}`, 'transfer', transfer],
    ['MULLER-FILTER transferencia', 'transfer', transfer],
  ] as const) {
    await search.fill(text);
    await expect(row(page, type, id)).toBeVisible();
    await expect(row(page, 'document', other)).toBeHidden();
  }
});

test('a row opens in another tab, signed in, and each tab is called after its item', async ({ browser, request }) => {
  const id = await create(request, 'transfer', { amount: '1250000.00' });
  const page = await signedIn(browser, 'Carol');
  for (const open of [
    () => row(page, 'transfer', id).click({ modifiers: ['Control'] }),
    () => row(page, 'transfer', id).getByRole('link').click({ modifiers: ['Control'] }),
  ]) {
    const [other] = await Promise.all([page.context().waitForEvent('page'), open()]);
    await expect(other).toHaveTitle(`Transfer ${id} · USD 1,250,000.00`);
    await expect(other.getByRole('heading', { name: `Transfer ${id}` })).toBeVisible();
    await other.close();
  }
  await expect(page).toHaveTitle('Desk · Backoffice');
});

test('at 200 % zoom the desk shows rows, and an item its decisions', async ({ browser, request }) => {
  const id = await create(request, 'document', { content: 'Seen from near' });
  for (let count = 0; count < 4; count += 1) await create(request, 'document', { content: `Another ${count}` });
  const page = await signedIn(browser, 'Carol', { viewport: { width: 640, height: 400 } });
  await expect(page.locator('[data-key]').first()).toBeVisible();
  const grid = await page.getByRole('grid').boundingBox();
  // The columns' names and two whole rows.
  expect(grid!.height).toBeGreaterThanOrEqual(34 + 2 * 60);
  await page.goto(`/#/desk/document/${id}`);
  await expect(page.getByRole('button', { name: 'Approve' })).toBeInViewport();
});
