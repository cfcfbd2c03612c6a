import { expect, type Page } from '@playwright/test';
import { Colleague, create, hold, row, settled, signedIn, test } from './office';

// A key acts on what one sees: the item in the pane, which is the one under the ring.

/** What the page asks the server to decide, release or escalate, as sent. */
function decisions(page: Page): string[] {
  const sent: string[] = [];
  page.on('request', (each) => /"(review_|release_|escalate_|respond_)/.test(each.postData() ?? '') && sent.push(each.postData() ?? ''));
  return sent;
}

const ringed = (page: Page) => page.locator('[role=row][aria-selected=true]');
const title = (page: Page) => page.getByRole('article').getByRole('heading', { level: 2 });

test('j and k open the row that the ring moves to, and a key decides that one', async ({ browser, request }) => {
  const ids = [await create(request, 'document', { content: 'The first' }), await create(request, 'document', { content: 'The second' })];
  const page = await signedIn(browser, 'Carol');
  const sent = decisions(page);
  await page.goto(`/#/desk/document/${ids[0]}`);
  await page.getByLabel('Then take the next one').uncheck();
  await page.keyboard.press('j');
  await expect(title(page)).toHaveText(`Document ${ids[1]}`);
  await expect(ringed(page)).toHaveAttribute('data-key', `document/${ids[1]}`);
  await expect(page.getByRole('article').getByLabel('Content')).toHaveText('The second');
  await page.keyboard.press('k');
  await expect(ringed(page)).toHaveAttribute('data-key', `document/${ids[0]}`);
  await expect(title(page)).toHaveText(`Document ${ids[0]}`);
  await page.keyboard.press('ArrowDown');
  await expect(page.getByRole('article').getByLabel('Content')).toHaveText('The second');
  await page.keyboard.press('a');
  await expect(page.getByText(`Document ${ids[1]} is approved.`)).toBeVisible();
  expect(sent).toHaveLength(1);
  expect(sent[0]).toContain(`"id":${ids[1]}`);
});

test('a key pressed in the moment in which the ring moves decides neither item', async ({ browser, request }) => {
  const ids = [await create(request, 'document', { content: 'Before' }), await create(request, 'document', { content: 'After' })];
  const page = await signedIn(browser, 'Carol');
  const sent = decisions(page);
  await page.goto(`/#/desk/document/${ids[0]}`);
  await expect(page.getByRole('button', { name: 'Approve' })).toBeEnabled();
  const { given, answer } = await hold(page, 'get_document');
  await page.evaluate(() => {
    for (const key of ['j', 'a']) document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
  });
  await given;
  await expect(title(page)).toHaveText(`Document ${ids[1]}`);
  await page.keyboard.press('a');
  await settled(page);
  answer();
  await expect(page.getByRole('article').getByLabel('Content')).toHaveText('After');
  expect(sent).toEqual([]);
});

test('rows that are passed over are not asked for', async ({ browser, request }) => {
  const ids: number[] = [];
  for (let number = 0; number < 6; number += 1) ids.push(await create(request, 'document', { content: `Passed ${number}` }));
  const page = await signedIn(browser, 'Carol');
  await page.goto(`/#/desk/document/${ids[0]}`);
  await expect(page.getByRole('button', { name: 'Approve' })).toBeEnabled();
  const read: string[] = [];
  page.on('request', (each) => each.postData()?.includes('get_document') && read.push(each.postData() ?? ''));
  await page.evaluate(() => {
    for (let press = 0; press < 5; press += 1) document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'j', bubbles: true, cancelable: true }));
  });
  await expect(page.getByRole('article').getByLabel('Content')).toHaveText('Passed 5');
  expect(read).toHaveLength(1);
});

test('a key does nothing while the list knows of something newer than the pane shows', async ({ browser, request }) => {
  const id = await create(request, 'document', { content: 'Changed meanwhile' });
  const bob = await Colleague.of(request, 'Bob');
  const page = await signedIn(browser, 'Carol');
  const sent = decisions(page);
  await page.goto(`/#/desk/document/${id}`);
  const approve = page.getByRole('button', { name: 'Approve' });
  await expect(approve).toBeEnabled();
  await page.getByLabel('Then take the next one').uncheck();
  const { given, answer } = await hold(page, 'get_document');
  await bob.run('get_task', { type: 'document', id });
  await bob.run('release_task', { type: 'document', id });
  await given;
  await page.keyboard.press('a');
  await settled(page);
  expect(sent).toEqual([]);
  answer();
  await expect(approve).toBeEnabled();
  await page.keyboard.press('a');
  await expect(page.getByText(`Document ${id} is approved.`)).toBeVisible();
});

test('a key does nothing while the focus is on a link to something else', async ({ browser, request }) => {
  await create(request, 'transfer', { amount: '5.00' });
  const id = await create(request, 'document', { content: 'Beside a transfer' });
  const page = await signedIn(browser, 'Carol');
  const sent = decisions(page);
  await page.goto(`/#/desk/document/${id}`);
  await expect(page.getByRole('button', { name: 'Approve' })).toBeEnabled();
  await page.getByRole('article').getByRole('link', { name: /Transfer/ }).first().focus();
  await page.keyboard.press('a');
  await page.keyboard.press('r');
  await expect(page.getByRole('alertdialog')).toHaveCount(0);
  await settled(page);
  expect(sent).toEqual([]);
});

test('a key does nothing behind an open menu, wherever the focus is', async ({ browser, request }) => {
  const id = await create(request, 'document', { content: 'Behind a menu' });
  const page = await signedIn(browser, 'Carol');
  const sent = decisions(page);
  await page.goto(`/#/desk/document/${id}`);
  await expect(page.getByRole('button', { name: 'Approve' })).toBeEnabled();
  await page.getByRole('button', { name: 'Your account' }).click();
  await expect(page.getByRole('menu')).toBeVisible();
  await page.evaluate(() => (document.activeElement as HTMLElement).blur());
  await page.evaluate(() => document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'a', bubbles: true, cancelable: true })));
  await settled(page);
  expect(sent).toEqual([]);
});

test('what is open stays in the list and under the ring when a filter would hide it', async ({ browser, request }) => {
  const id = await create(request, 'transfer', { amount: '31.31' });
  const page = await signedIn(browser, 'Carol');
  await page.goto(`/#/desk/transfer/${id}`);
  await expect(row(page, 'transfer', id)).toHaveAttribute('aria-selected', 'true');
  await page.getByRole('radio', { name: 'Documents' }).click();
  await expect(row(page, 'document', 2)).toBeVisible();
  await expect(row(page, 'transfer', id)).toHaveAttribute('aria-selected', 'true');
  await expect(row(page, 'transfer', id)).toContainText('not in this view');
  await page.getByRole('button', { name: 'Close the item' }).click();
  await expect(row(page, 'transfer', id)).toHaveCount(0);
});

test('an address opens its item, and the list scrolls to its row', async ({ browser, request }) => {
  for (let number = 0; number < 30; number += 1) await create(request, 'document', { content: `Row ${number}` });
  const last = await create(request, 'document', { content: 'Far down' });
  const page = await signedIn(browser, 'Carol');
  await page.setViewportSize({ width: 1280, height: 500 });
  await page.goto(`/#/desk/document/${last}`);
  await expect(row(page, 'document', last)).toBeInViewport({ ratio: 1 });
});

test('the ring goes on beside a row that left, not at the top', async ({ browser, request }) => {
  const ids: number[] = [];
  for (const content of ['One', 'Two', 'Three']) ids.push(await create(request, 'document', { content }));
  const bob = await Colleague.of(request, 'Bob');
  const page = await signedIn(browser, 'Carol');
  await page.goto(`/#/desk/document/${ids[1]}`);
  await expect(row(page, 'document', ids[2]!)).toBeVisible();
  await bob.run('review_document', { id: ids[1], approved: true });
  await expect(row(page, 'document', ids[1]!)).toBeHidden();
  await page.keyboard.press('j');
  await expect(title(page)).toHaveText(`Document ${ids[2]}`);
});

test('on a narrow page j moves the ring, Enter opens, and j goes on from there', async ({ browser, request }) => {
  const ids = [await create(request, 'document', { content: 'Narrow one' }), await create(request, 'document', { content: 'Narrow two' })];
  const page = await signedIn(browser, 'Carol', { viewport: { width: 640, height: 400 } });
  await page.keyboard.press('/');
  await page.keyboard.type('narrow');
  await expect(page.getByTestId('count')).toHaveText(/^2 of/);
  await page.evaluate(() => (document.activeElement as HTMLElement).blur());
  await page.keyboard.press('j');
  await expect(page.getByRole('article')).toHaveCount(0);
  await page.keyboard.press('Enter');
  await expect(title(page)).toHaveText(`Document ${ids[0]}`);
  await page.keyboard.press('j');
  await expect(title(page)).toHaveText(`Document ${ids[1]}`);
});
