import { readFile } from 'node:fs/promises';
import { expect, test } from '@playwright/test';
import { Colleague, create, signedIn, TOKENS } from './office';

test('the board counts what waits and what was decided, and follows what happens', async ({ browser, request }) => {
  const page = await signedIn(browser, 'Alice');
  await page.getByRole('link', { name: 'Board' }).click();
  await page.getByRole('radio', { name: 'Hour', exact: true }).click();
  await expect(page.getByRole('img', { name: /^Decisions/ })).toBeVisible();
  const id = await create(request, 'transfer', { amount: '5.00' });
  const bob = await Colleague.of(request, 'Bob');
  await bob.run('review_transfer', { id, approved: true });
  await expect(page.getByRole('region', { name: 'By reviewer' }).getByRole('row', { name: /Bob Transfers/ })).toBeVisible();
  await page.getByText('As a table').click();
  await expect(page.getByRole('region', { name: 'Decisions' }).getByRole('row').nth(1)).toBeVisible();
});

test('the board exports exactly the rows of its filter', async ({ browser, request }) => {
  const bob = await Colleague.of(request, 'Bob');
  const ids: number[] = [];
  for (const approved of [true, false]) {
    const id = await create(request, 'document', { content: `=formula, "${approved}"` });
    await bob.run('review_document', { id, approved, reason: 'Seen.' });
    ids.push(id);
  }
  const page = await signedIn(browser, 'Alice');
  await page.goto('/#/board');
  await page.getByRole('radio', { name: 'Hour', exact: true }).click();
  await page.getByRole('radio', { name: 'Documents', exact: true }).click();
  await page.getByRole('region', { name: 'Items' }).getByLabel('Outcome').selectOption('rejected');
  const shown = page.getByRole('region', { name: 'Items' }).locator('tbody tr');
  await expect(shown.filter({ hasText: `Document ${ids[1]}` })).toBeVisible();
  await expect(shown.filter({ hasText: 'Approved' })).toHaveCount(0);
  const count = await shown.count();
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Export as CSV' }).click()]);
  const lines = (await readFile(await file.path(), 'utf8')).trim().split('\r\n');
  expect(lines).toHaveLength(count + 1);
  expect(lines.find((line) => line.startsWith(`document,${ids[1]},`))).toContain(`"'=formula, ""false"""`);
});

test('the record shows who did what, before and after', async ({ browser, request }) => {
  const id = await create(request, 'transfer', { amount: '31.00' });
  const carol = await Colleague.of(request, 'Carol');
  await carol.run('get_task', { type: 'transfer', id });
  await carol.run('escalate_task', { type: 'transfer', id, level: 2, reason: 'Unusual.' });
  await carol.run('review_transfer', { id, approved: false, reason: 'Too unusual.' });
  const page = await signedIn(browser, 'Alice');
  await page.goto(`/#/record/transfer/${id}`);
  const entries = page.locator('.timeline > li');
  await expect(entries.locator('strong')).toHaveText(['Created', 'Taken', 'Escalated', 'Decided']);
  await expect(entries.nth(2)).toContainText('Unusual.');
  await expect(entries.nth(2).locator('del').first()).toContainText('1');
  await expect(entries.nth(3)).toContainText('Too unusual.');
  await page.getByRole('radio', { name: 'Newest first' }).click();
  await expect(entries.locator('strong').first()).toHaveText('Decided');
});

test('an operator is added with a token that only this page has seen, then changed, given a new token and disabled', async ({ browser }) => {
  const page = await signedIn(browser, 'Alice');
  const bodies: string[] = [];
  page.on('request', (each) => bodies.push(each.postData() ?? ''));
  await page.getByRole('link', { name: 'Operators' }).click();
  await page.getByRole('button', { name: 'Add an operator' }).click();
  const form = page.getByRole('dialog');
  await form.getByLabel('Name').fill('Frank');
  await form.getByLabel('Role').selectOption('Service');
  await form.getByRole('button', { name: 'Add an operator' }).click();
  const shown = page.getByRole('alertdialog');
  const token = await shown.getByLabel('Access token').inputValue();
  expect(token).toMatch(/^[\w-]{22}$/);
  await shown.getByRole('button', { name: 'I have it' }).click();
  await expect(page.getByText(token)).toHaveCount(0);

  const frank = new Colleague(page.request, token);
  expect((await frank.run('login', { name: 'Frank' })).status).toBe('succeeded');

  const line = page.getByRole('listitem').filter({ hasText: 'Frank' });
  await line.getByRole('button', { name: 'Change' }).click();
  await page.getByRole('dialog').getByLabel('Level').fill('3');
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await expect(line).toContainText('Level 3');

  await line.getByRole('button', { name: 'New token' }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'New token' }).click();
  const second = await page.getByRole('alertdialog').getByLabel('Access token').inputValue();
  expect(second).not.toBe(token);
  await page.getByRole('button', { name: 'I have it' }).click();
  const refused = await page.request.post('/api/v1', { data: { token, task: { action: 'login', name: 'Frank' } } });
  expect(refused.status()).toBe(401);

  await line.getByRole('button', { name: 'Disable' }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Disable' }).click();
  await expect(line).toContainText('Disabled');
  await line.getByRole('button', { name: 'Enable' }).click();
  await expect(line).toContainText('Enabled');
  expect(bodies.filter((body) => body.includes(token) || body.includes(second))).toEqual([]);
  expect(bodies.join()).not.toContain(`"token":"${TOKENS.Alice}"`);
});

test('a token whose change is sent later is shown all the same, since its hash is on its way', async ({ browser }) => {
  const page = await signedIn(browser, 'Alice');
  await page.getByRole('link', { name: 'Operators' }).click();
  const line = page.getByRole('listitem').filter({ hasText: 'Erin' });
  await line.getByRole('button', { name: 'New token' }).click();
  await page.context().setOffline(true);
  await page.getByRole('alertdialog').getByRole('button', { name: 'New token' }).click();
  const token = await page.getByRole('alertdialog').getByLabel('Access token').inputValue();
  await page.getByRole('button', { name: 'I have it' }).click();
  await page.context().setOffline(false);
  const data = { token, task: { action: 'login', name: 'Erin' } };
  await expect.poll(async () => (await page.request.post('/api/v1', { data })).status()).toBe(200);
});
