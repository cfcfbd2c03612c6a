import { readFile } from 'node:fs/promises';
import { expect } from '@playwright/test';
import { Colleague, create, signedIn, TOKENS, test } from './office';

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
  await form.getByLabel('Name').fill('Bob');
  // Nothing is preselected: a role is chosen, and what is missing is said at its field.
  await expect(form.getByLabel('Role')).toHaveValue('');
  await form.getByRole('button', { name: 'Add an operator' }).click();
  await expect(form.getByLabel('Role')).toHaveAccessibleDescription('This is needed.');
  await form.getByLabel('Role').selectOption('Service');
  await form.getByRole('button', { name: 'Add an operator' }).click();
  await expect(form.getByLabel('Name')).toHaveAccessibleDescription(/Bob/);
  await expect(page.locator('.toast')).toBeHidden();
  await form.getByLabel('Name').fill('Frank');
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

for (const [name, view] of [['Alice', 'board'], ['Bob', 'board'], ['Alice', 'record'], ['Alice', 'counter'], ['Alice', 'operators'], ['Bob', 'desk'], ['Bob', 'tasks']] as const) {
  for (const [width, height] of [[1280, 800], [640, 400], [360, 740]] as const) {
    test(`nothing scrolls under the navigation: ${view} of ${name} at ${width}×${height}`, async ({ browser }) => {
      const page = await signedIn(browser, name, { viewport: { width, height } });
      await page.goto(`/#/${view}`);
      await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
      await page.waitForLoadState('networkidle');
      expect(await page.evaluate(() => [document.documentElement.scrollHeight - innerHeight, document.documentElement.scrollWidth - innerWidth])).toEqual([0, 0]);
    });
  }
}

test('the decisions of the board are those of its reviewers, for one who is not told of others too', async ({ browser, request }) => {
  const carol = await Colleague.of(request, 'Carol');
  for (const name of ['Bob', 'Alice'] as const) {
    const page = await signedIn(browser, name);
    await page.goto('/#/board');
    await expect(page.getByRole('region', { name: 'By reviewer' })).toBeVisible();
    // The server keeps figures for a moment: the board reads them again after what happens.
    const id = await create(request, 'document', { content: 'Decided by Carol' });
    await carol.run('review_document', { id, approved: true });
    await page.getByRole('radio', { name: 'Documents', exact: true }).click();
    const decisions = page.getByRole('region', { name: 'Decisions' }).getByText(/an hour/);
    await expect(decisions).toBeVisible();
    const all = Number(/\d+/.exec(await decisions.innerText())?.[0]);
    const rows = page.getByRole('region', { name: 'By reviewer' }).first().locator('tbody tr');
    await expect(rows.first()).toBeVisible();
    const counts = await rows.evaluateAll((each) => each.map((row) => [3, 4, 5].reduce((sum, cell) => sum + Number(row.children[cell]?.textContent), 0)));
    expect(counts.reduce((a, b) => a + b, 0)).toBe(all);
  }
});

test('a legend tells no moment while one points at none', async ({ browser }) => {
  const page = await signedIn(browser, 'Alice');
  await page.goto('/#/board');
  const plot = page.getByRole('img', { name: /^Decisions/ });
  await expect(plot).toBeVisible();
  await expect(plot.getByText('From', { exact: true })).toBeHidden();
  await expect(plot.getByText('Approved', { exact: true })).toBeVisible();
  await plot.locator('.u-over').hover();
  await expect(plot.getByText('From', { exact: true })).toBeVisible();
  await expect(plot.locator('.u-value').first()).toHaveText(/\d/);
});

test('the record names whose it is, in the tab too, and a link to it shows and selects its row', async ({ browser, request }) => {
  const first = await create(request, 'transfer', { amount: '1250000.00' });
  const alice = new Colleague(request, TOKENS.Alice);
  for (let count = 0; count < 45; count += 1) await alice.run('create_transfer', { cid: 1, amount: '2.00' });
  const page = await signedIn(browser, 'Alice');
  await page.goto(`/#/record/transfer/${first}`);
  const chosen = page.locator('a[aria-current=true]');
  await expect(chosen).toContainText(`Transfer ${first}`);
  await expect(chosen).toBeInViewport();
  await expect(page).toHaveTitle(`Transfer ${first} · USD 1,250,000.00`);
  await page.goto('/#/record/operator/2');
  await page.getByRole('radio', { name: 'What Bob did' }).click();
  await expect(page).toHaveTitle('Operator 2 · Bob');
  await expect(page.getByText('What Operator did')).toBeHidden();
  await page.goto('/#/board');
  await expect(page).toHaveTitle('Board · Backoffice');
});

test('a text that is cut off tells the whole of it where the pointer is', async ({ browser, request }) => {
  const content = `A very long text, ${'word '.repeat(60)}and its end`;
  const id = await create(request, 'document', { content });
  const page = await signedIn(browser, 'Alice');
  await page.goto(`/#/record/document/${id}`);
  const about = page.locator('a[aria-current=true] .clip');
  await about.hover();
  await expect(about).toHaveAttribute('title', new RegExp(`and its end|${content.slice(0, 40)}`));
});
