import { expect } from '@playwright/test';
import { Colleague, create, row, signedIn, test } from './office';

test('a reviewer takes what is next, decides it and goes on to the one after', async ({ browser }) => {
  const page = await signedIn(browser, 'Bob');
  await expect(page.getByTestId('count')).toHaveText(/\d+ items/);
  await page.keyboard.press('t');
  await expect(page.getByRole('heading', { name: 'Document 1', exact: true })).toBeVisible();
  await expect(page.getByTestId('lease')).toHaveText(/Yours for 1[45]:\d\d/);
  const pane = page.getByRole('article');
  await expect(pane.getByText('Ada Lovelace')).toBeVisible();
  await expect(pane.getByRole('link', { name: /Transfer 1 / })).toBeVisible();
  await expect(pane.getByText('Taken')).toBeVisible();
  await page.keyboard.press('a');
  await expect(page.getByText('Document 1 is approved.')).toBeVisible();
  await expect(page.getByRole('heading', { name: 'Document 3', exact: true })).toBeVisible();
  await expect(row(page, 'document', 1)).toBeHidden();
});

test('a rejection asks once, and for a reason', async ({ browser, request }) => {
  const id = await create(request, 'transfer', { amount: '75.00' });
  const page = await signedIn(browser, 'Carol');
  await page.goto(`/#/desk/transfer/${id}`);
  await page.getByLabel('Then take the next one').uncheck();
  await page.getByRole('button', { name: 'Reject' }).click();
  const dialog = page.getByRole('alertdialog');
  await dialog.getByRole('button', { name: 'Reject' }).click();
  await expect(dialog.getByText('Say why it is rejected.')).toBeVisible();
  await dialog.getByLabel('Why is it rejected?').fill('The account is frozen.');
  await dialog.getByRole('button', { name: 'Reject' }).click();
  await expect(page.getByText(`Transfer ${id} is rejected.`)).toBeVisible();
  await expect(page.getByRole('article').getByText('The account is frozen.').first()).toBeVisible();
});

test('an approval above the limit asks once, and a smaller one does not', async ({ browser, request }) => {
  const [large, small] = [await create(request, 'transfer', { amount: '10000.00' }), await create(request, 'transfer', { amount: '9999.99' })];
  const page = await signedIn(browser, 'Carol');
  await page.goto(`/#/desk/transfer/${large}`);
  await page.getByLabel('Then take the next one').uncheck();
  await page.keyboard.press('a');
  await page.getByRole('alertdialog').getByRole('button', { name: 'Cancel' }).click();
  await expect(page.getByRole('article').getByText('Pending', { exact: true }).first()).toBeVisible();
  await page.getByRole('button', { name: 'Approve' }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Approve' }).click();
  await expect(page.getByText(`Transfer ${large} is approved.`)).toBeVisible();
  await page.goto(`/#/desk/transfer/${small}`);
  await page.getByRole('button', { name: 'Approve' }).click();
  await expect(page.getByText(`Transfer ${small} is approved.`)).toBeVisible();
});

test('what a colleague takes and decides changes before my eyes', async ({ browser, request }) => {
  const id = await create(request, 'document', { content: 'Passport of Ada' });
  const [mine, theirs] = [await signedIn(browser, 'Carol'), await signedIn(browser, 'Bob')];
  await mine.goto(`/#/desk/document/${id}`);
  await expect(row(mine, 'document', id)).toBeVisible();
  await theirs.goto(`/#/desk/document/${id}`);
  await theirs.getByRole('button', { name: 'Take it' }).click();
  await expect(row(mine, 'document', id)).toContainText('Bob');
  await expect(mine.getByRole('article').getByText('Bob has just taken this.')).toBeVisible();
  await expect(mine.getByRole('button', { name: 'Approve' })).toBeDisabled();
  await theirs.getByLabel('Then take the next one').uncheck();
  await theirs.getByRole('button', { name: 'Approve' }).click();
  await expect(mine.getByRole('article').getByText('Bob has just decided this.')).toBeVisible();
  await expect(row(mine, 'document', id)).toBeHidden();
});

test('what is created appears without a reload', async ({ browser, request }) => {
  const page = await signedIn(browser, 'Dave');
  const id = await create(request, 'inquiry', { problem: 'Is this live?' });
  await expect(row(page, 'inquiry', id)).toContainText('Is this live?');
  await expect(row(page, 'inquiry', id)).toContainText('Ada Lovelace');
});

test('who loses a race is told kindly who won', async ({ browser, request }) => {
  const id = await create(request, 'transfer', { amount: '42.00' });
  const page = await signedIn(browser, 'Carol');
  await page.goto(`/#/desk/transfer/${id}`);
  await expect(page.getByRole('button', { name: 'Take it' })).toBeEnabled();
  // The news of it has not arrived when she asks too.
  await page.route('**/api/v1', async (route) => {
    if (!route.request().postData()?.includes('"get_task"')) return route.continue();
    const bob = await Colleague.of(request, 'Bob');
    expect((await bob.run('get_task', { type: 'transfer', id })).status).toBe('succeeded');
    return route.continue();
  });
  await page.getByRole('button', { name: 'Take it' }).click();
  await expect(page.getByRole('article').getByText(/Bob was a moment quicker and is working on it until/)).toBeVisible();
});

test('two who take what is next at once get different items', async ({ browser, request }) => {
  for (const content of ['One', 'Two', 'Three']) await create(request, 'document', { content });
  const pages = [await signedIn(browser, 'Bob'), await signedIn(browser, 'Carol')];
  await Promise.all(pages.map((page) => page.getByRole('radio', { name: 'Documents' }).click()));
  await Promise.all(pages.map((page) => page.getByRole('button', { name: /Take next/ }).first().click()));
  const titles = await Promise.all(pages.map((page) => page.getByRole('article').getByRole('heading', { level: 2 }).textContent()));
  expect(titles[0]).not.toBe(titles[1]);
});

test('an item is escalated and leaves the desk of who may not decide it any more', async ({ browser, request }) => {
  const id = await create(request, 'document', { content: 'A difficult one' });
  const page = await signedIn(browser, 'Bob');
  await page.goto(`/#/desk/document/${id}`);
  await page.getByLabel('Then take the next one').uncheck();
  await page.getByRole('button', { name: 'Escalate' }).click();
  await page.getByRole('alertdialog').getByLabel('Reason').fill('Not sure about the signature.');
  await page.getByRole('alertdialog').getByRole('button', { name: 'Escalate' }).click();
  await expect(page.getByText(`Document ${id} now requires level 2.`)).toBeVisible();
  await expect(row(page, 'document', id)).toBeHidden();
});

test('an inquiry is answered and stays, then is answered and closed', async ({ browser, request }) => {
  const id = await create(request, 'inquiry', { problem: 'Where is my card?' });
  const page = await signedIn(browser, 'Erin');
  await page.goto(`/#/desk/inquiry/${id}`);
  await page.getByLabel('Then take the next one').uncheck();
  await page.getByRole('button', { name: 'Take it' }).click();
  await page.getByLabel('Your answer').fill('It was sent on Monday.');
  await page.getByLabel('Leave it open.').check();
  await page.getByRole('button', { name: 'Send' }).click();
  await expect(page.getByText(`Inquiry ${id} is answered and waits for the customer.`)).toBeVisible();
  await page.goto(`/#/desk/inquiry/${id}`);
  await expect(page.getByRole('list', { name: 'Messages' })).toContainText('It was sent on Monday.');
  await page.getByLabel('Your answer').fill('It has arrived.');
  await page.getByLabel('Close the inquiry.').check();
  await page.getByLabel('Your answer').press('Control+Enter');
  await expect(page.getByText(`Inquiry ${id} is answered and closed.`).first()).toBeVisible();
});

test('the queue is searched, filtered, sorted, and a view of it is kept', async ({ browser, request }) => {
  const id = await create(request, 'transfer', { amount: '77777.77', level: 2 });
  const page = await signedIn(browser, 'Carol');
  await page.keyboard.press('/');
  await page.keyboard.type('77777');
  await expect(page.getByTestId('count')).toHaveText(/^1 of \d+$/);
  await expect(row(page, 'transfer', id)).toContainText('USD 77,777.77');
  await page.getByRole('button', { name: 'Saved views' }).click();
  await page.getByRole('menuitem', { name: 'Save this view…' }).click();
  await page.getByLabel('Name of the view').fill('Sevens');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Clear filters' }).click();
  await expect(page.getByTestId('count')).toHaveText(/items$/);
  await page.getByRole('button', { name: 'Level', exact: true }).click();
  await page.getByRole('button', { name: 'Level', exact: true }).click();
  await expect(page.locator('[role=row][data-key]').first()).toContainText('Level 2');
  await page.reload();
  await page.getByRole('button', { name: 'Saved views' }).click();
  await page.getByRole('menuitem', { name: 'Sevens', exact: true }).click();
  await expect(page.getByTestId('count')).toHaveText(/^1 of \d+$/);
});

test('a key held down, or a double click, decides one item and not the unseen one after it', async ({ browser, request }) => {
  for (let number = 0; number < 6; number += 1) await create(request, 'document', { content: 'One of many' });
  const page = await signedIn(browser, 'Carol');
  const decided: string[] = [];
  page.on('request', (each) => each.postData()?.includes('review_') && decided.push(each.postData() ?? ''));
  const title = page.getByRole('article').getByRole('heading', { level: 2 });
  await page.keyboard.press('t');
  await expect(title).toBeFocused();
  const first = (await title.textContent()) ?? '';
  for (let press = 0; press < 30; press += 1) {
    await page.keyboard.down('a');
    await page.waitForTimeout(30);
  }
  await page.keyboard.up('a');
  await expect(title).not.toHaveText(first);
  expect(decided).toHaveLength(1);
  const again = page.evaluate(pressApprove, 'next' as const);
  expect(await page.evaluate(pressApprove, 'now' as const)).toBe(true);
  expect(await again).toBe(false);
  expect(decided).toHaveLength(2);
  await expect.poll(() => page.evaluate(pressApprove, 'now' as const)).toBe(true);
  await expect.poll(() => decided.length).toBe(3);
});

/** Press Approve in the page, now or in the very moment in which it stands under the next item; whether that was taken. */
async function pressApprove(when: 'now' | 'next'): Promise<boolean> {
  const title = (): string | null | undefined => document.querySelector('article h2')?.textContent;
  const button = (): HTMLElement | null => document.querySelector('article [aria-keyshortcuts=a]');
  const first = title();
  if (when === 'next') {
    await new Promise<void>((resolve) => {
      const shown = (): void => void (title() !== first && button() && resolve());
      new MutationObserver(shown).observe(document.body, { subtree: true, childList: true, characterData: true });
    });
  }
  button()?.click();
  await Promise.resolve(); // The page is drawn anew before any answer can come.
  return button()?.getAttribute('aria-disabled') === 'true';
}

test('who goes to another item while a decision is on its way stays there', async ({ browser, request }) => {
  const decided = await create(request, 'document', { content: 'Decided' });
  const lookedAt = await create(request, 'document', { content: 'Looked at' });
  const page = await signedIn(browser, 'Carol');
  let answer = (): void => undefined;
  const answered = new Promise<void>((resolve) => (answer = resolve));
  const taken: string[] = [];
  await page.route('**/api/v1', async (route) => {
    const asked = route.request().postData() ?? '';
    if (asked.includes('get_task')) taken.push(asked);
    if (!asked.includes('review_')) return route.continue();
    const response = await route.fetch();
    await answered;
    await route.fulfill({ response });
  });
  await page.goto(`/#/desk/document/${decided}`);
  await page.getByRole('button', { name: 'Approve' }).click();
  await page.goto(`/#/desk/document/${lookedAt}`);
  await expect(page.getByRole('article').getByLabel('Content')).toHaveText('Looked at');
  answer();
  await expect(page.getByText(`Document ${decided} is approved.`)).toBeVisible();
  await page.getByRole('button', { name: 'Take it' }).click();
  await expect(page.getByTestId('lease')).toBeVisible();
  await expect(page.getByRole('heading', { name: `Document ${lookedAt}`, exact: true })).toBeVisible();
  expect(taken).toHaveLength(1);
});

test('an item of another role is shown with all context, and nothing to decide it by', async ({ browser }) => {
  const page = await signedIn(browser, 'Carol');
  await page.goto('/#/desk/transfer/5');
  await page.getByRole('article').getByRole('link', { name: /Inquiry 5/ }).click();
  await expect(page.getByRole('article').getByRole('heading', { name: 'Inquiry 5', exact: true })).toBeVisible();
  await expect(page.getByRole('article').getByText('This is decided by Service.')).toBeVisible();
  await expect(page.getByRole('article').getByText('Other items of this customer')).toBeVisible();
  await expect(page.getByLabel('Your answer')).toBeHidden();
  await expect(page.getByRole('button', { name: 'Take it' })).toBeHidden();
});

for (const [hours, words] of [[1, 'fast'], [-1, 'slow']] as const) {
  test(`the hold is counted down by the server's clock when the browser's is an hour ${words}`, async ({ browser, request }) => {
    const id = await create(request, 'document', { content: 'Whose clock is right?' });
    const page = await signedIn(browser, 'Carol', {}, hours * 3_600_000);
    await page.goto(`/#/desk/document/${id}`);
    await page.getByRole('button', { name: 'Take it' }).click();
    await expect(page.getByTestId('lease')).toHaveText(/Yours for 1[45]:\d\d/);
    await expect(row(page, 'document', id).getByText(/^\d+ (secs?|mins?)$/)).toBeVisible();
    await page.getByRole('button', { name: 'Release' }).click();
  });
}

test('an item that is not there says so', async ({ browser }) => {
  const page = await signedIn(browser, 'Carol');
  await page.goto('/#/desk/transfer/999999');
  await expect(page.getByText('There is no transfer 999999.')).toBeVisible();
});
