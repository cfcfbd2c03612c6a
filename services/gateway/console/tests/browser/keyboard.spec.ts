import { expect } from '@playwright/test';
import { create, row, signedIn, TOKENS, test } from './office';

// No pointer anywhere in this file.

test('a reviewer works through the desk with the keyboard alone', async ({ page, request }) => {
  const id = await create(request, 'transfer', { amount: '12000.00' });
  await page.goto('/');
  await page.keyboard.type('Carol');
  await page.keyboard.press('Tab');
  await page.keyboard.type(TOKENS.Carol);
  await page.keyboard.press('Enter');
  await expect(page.locator('[data-state=live]')).toBeVisible();
  await page.keyboard.press('t');
  await expect(page.getByRole('heading', { name: 'Document 1', exact: true })).toBeFocused();
  await page.keyboard.press('e');
  await expect(page.getByRole('alertdialog').getByLabel('To level')).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('alertdialog')).toBeHidden();
  await page.keyboard.press('r');
  await page.keyboard.type('Out of date.');
  await expect(page.getByRole('alertdialog').getByLabel('Why is it rejected?')).toHaveValue('Out of date.');
  await page.keyboard.press('Control+Enter');
  await expect(page.getByText('Document 1 is rejected.')).toBeVisible();
  await expect(page.getByRole('heading', { name: 'Document 2', exact: true })).toBeVisible();
  await page.keyboard.press('l');
  await expect(page.getByText('Document 2 is free again.')).toBeVisible();

  await page.keyboard.press('/');
  await page.keyboard.type(`12000`);
  await expect(page.getByTestId('count')).toHaveText(/^1 of/);
  await page.keyboard.press('Tab');
  await page.evaluate(() => (document.activeElement as HTMLElement).blur());
  await page.keyboard.press('j');
  await expect(page.getByRole('grid')).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: `Transfer ${id}`, exact: true })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Take it' })).toBeEnabled();
  await page.keyboard.press('c');
  await expect(page.getByTestId('lease')).toBeVisible();
  await page.keyboard.press('a');
  await expect(page.getByRole('alertdialog').getByRole('button', { name: 'Approve' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByText(`Transfer ${id} is approved.`)).toBeVisible();
});

test('what is pressed while a claim is asked for is neither lost behind its dialog nor done early', async ({ browser, request }) => {
  const id = await create(request, 'transfer', { amount: '12345.00' });
  const page = await signedIn(browser, 'Carol');
  let answer = (): void => undefined;
  const answered = new Promise<void>((resolve) => (answer = resolve));
  // The event of the claim is quicker than its answer.
  await page.route('**/api/v1', async (route) => {
    if (!route.request().postData()?.includes('get_task')) return route.continue();
    const response = await route.fetch();
    await answered;
    await route.fulfill({ response });
  });
  await page.goto(`/#/desk/transfer/${id}`);
  await expect(page.getByRole('button', { name: 'Take it' })).toBeEnabled();
  await page.keyboard.press('c');
  await expect(row(page, 'transfer', id)).toContainText('you');
  await page.keyboard.press('a');
  await expect(page.getByRole('alertdialog')).toBeHidden();
  answer();
  await expect(page.getByTestId('lease')).toBeVisible();
  await page.keyboard.press('a');
  await expect(page.getByRole('alertdialog').getByRole('button', { name: 'Approve' })).toBeFocused();
});

test('a key works as soon as the pane shows that the item is held, before the list is drawn', async ({ browser, request }) => {
  const id = await create(request, 'transfer', { amount: '13579.00' });
  const page = await signedIn(browser, 'Carol');
  await page.goto(`/#/desk/transfer/${id}`);
  await expect(row(page, 'transfer', id)).toBeVisible();
  await expect(page.getByRole('button', { name: 'Take it' })).toBeEnabled();
  await page.evaluate(() => (window.requestAnimationFrame = (draw) => Number(setTimeout(() => draw(performance.now()), 1_000))));
  await page.keyboard.press('c');
  await expect(page.getByTestId('lease')).toBeVisible();
  await page.keyboard.press('a');
  await expect(page.getByRole('alertdialog').getByRole('button', { name: 'Approve' })).toBeFocused();
});

test('Ctrl and Enter send an escalation from its level too', async ({ browser, request }) => {
  const id = await create(request, 'transfer', { amount: '24680.00' });
  const page = await signedIn(browser, 'Carol');
  await page.goto(`/#/desk/transfer/${id}`);
  await expect(page.getByRole('button', { name: 'Escalate' })).toBeEnabled();
  await page.keyboard.press('e');
  await expect(page.getByRole('alertdialog').getByLabel('To level')).toBeFocused();
  await page.keyboard.press('Control+Enter');
  await expect(page.getByText(`Transfer ${id} now requires level 2.`)).toBeVisible();
});

test('a dialog keeps the focus while it waits, and nothing behind it works', async ({ browser, request }) => {
  const id = await create(request, 'transfer', { amount: '23456.00' });
  const page = await signedIn(browser, 'Carol');
  await page.goto(`/#/desk/transfer/${id}`);
  await expect(page.getByRole('button', { name: 'Take it' })).toBeEnabled();
  await page.keyboard.press('a');
  const approve = page.getByRole('alertdialog').getByRole('button', { name: 'Approve' });
  await expect(approve).toBeFocused();
  let refuse = (): void => undefined;
  const refused = new Promise<void>((resolve) => (refuse = resolve));
  let asked = 0;
  await page.route('**/api/v1', async (route) => {
    asked += 1;
    await refused;
    await route.fulfill({ json: { task: { id: 'x', status: 'failed', result: null, error: { code: 'not_possible', message: 'Failed on purpose.' } } } });
  });
  await page.keyboard.press('Enter');
  await expect(approve).toBeDisabled();
  await page.keyboard.press('Enter');
  await expect(approve).toBeFocused();
  await page.evaluate(() => (document.activeElement as HTMLElement).blur());
  await page.keyboard.type('crelt');
  await expect(page.getByRole('alertdialog')).toHaveCount(1);
  await approve.focus();
  refuse();
  await expect(page.getByText('Failed on purpose.')).toBeVisible();
  await expect(approve).toBeFocused();
  expect(asked).toBe(1);
});

test('a clerk answers with the keyboard alone', async ({ browser }) => {
  const page = await signedIn(browser, 'Dave');
  await page.keyboard.press('t');
  await expect(page.getByTestId('lease')).toBeVisible();
  await page.keyboard.press('w');
  await expect(page.getByLabel('Your answer')).toBeFocused();
  await page.keyboard.type('It arrives tomorrow.');
  await page.keyboard.press('Control+Enter');
  await expect(page.getByText('Choose what happens to the inquiry.')).toBeVisible();
  await expect(page.getByLabel('Close the inquiry.')).toBeFocused();
  await page.keyboard.press('Space');
  await page.keyboard.press('Control+Enter');
  await expect(page.getByText('Inquiry 1 is answered and closed.')).toBeVisible();
});

test('every view is reached by keys, and the sheet tells which', async ({ browser }) => {
  const page = await signedIn(browser, 'Alice');
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog', { name: 'Keyboard shortcuts' })).toContainText('Go to Operators');
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toBeHidden();
  for (const [key, title] of [
    ['t', 'Sent'],
    ['b', 'The board'],
    ['r', 'The record'],
    ['o', 'Operators'],
    ['c', 'The counter'],
  ] as const) {
    // Two keys too far apart are none, as for anybody: on a busy machine they are pressed again.
    await expect(async () => {
      await page.keyboard.press('g');
      await page.keyboard.press(key);
      await expect(page.getByRole('heading', { level: 1, name: title })).toBeVisible({ timeout: 3_000 });
    }).toPass();
  }
});

test('single keys can be turned off', async ({ browser }) => {
  const page = await signedIn(browser, 'Bob');
  await page.keyboard.press('?');
  await page.getByLabel('Single-key shortcuts').focus();
  await page.keyboard.press('Space');
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toBeHidden();
  await page.keyboard.press('t');
  await expect(page.getByRole('heading', { level: 2, name: /Document/ })).toHaveCount(0);
});

test('a clerk at the counter creates with the keyboard alone', async ({ browser }) => {
  const page = await signedIn(browser, 'Alice');
  await expect(page.getByRole('searchbox', { name: 'Find a customer' })).toBeVisible();
  await page.keyboard.press('/');
  await expect(page.getByRole('searchbox', { name: 'Find a customer' })).toBeFocused();
  await page.keyboard.type('turing');
  await expect(page.getByRole('button', { name: /Turing/ })).toHaveCount(1);
  await expect(page.getByRole('button', { name: /Lovelace/ })).toHaveCount(0);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await expect(page.getByText('for Alan Turing')).toBeVisible();
  await page.getByLabel('Content').focus();
  await page.keyboard.type('A letter of his bank');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await expect(page.getByText(/Document \d+ is created\./)).toBeVisible();
});
