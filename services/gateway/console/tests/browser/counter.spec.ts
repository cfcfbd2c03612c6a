import { expect, type Page } from '@playwright/test';
import { Colleague, row, signedIn, test } from './office';

test('a customer is created and found, and gets a transfer that a reviewer sees at once', async ({ browser }) => {
  const [page, reviewer] = [await signedIn(browser, 'Alice'), await signedIn(browser, 'Bob')];
  await page.getByLabel('Name').fill('Hannah Arendt');
  await page.getByRole('button', { name: 'Create a customer' }).click();
  await expect(page.getByText(/Customer \d+ is created\./)).toBeVisible();
  await page.getByRole('searchbox', { name: 'Find a customer' }).fill('arendt');
  await page.getByRole('button', { name: /Hannah Arendt/ }).click();
  await page.getByRole('radio', { name: 'Transfer', exact: true }).click();
  await expect(page.getByText('for Hannah Arendt')).toBeVisible();
  await page.getByLabel('Amount').fill('1234.50');
  await page.getByLabel('Currency').fill('EUR');
  await page.getByRole('button', { name: 'Create a transfer' }).click();
  const said = page.getByText(/Transfer \d+ is created\./);
  await expect(said).toBeVisible();
  const id = Number(/\d+/.exec((await said.textContent()) ?? '')?.[0]);
  await expect(row(reviewer, 'transfer', id)).toContainText('EUR 1,234.50');
  await expect(row(reviewer, 'transfer', id)).toContainText('Hannah Arendt');
});

test('errors stand beside the field they belong to', async ({ browser }) => {
  const page = await signedIn(browser, 'Alice');
  await page.getByRole('radio', { name: 'Transfer', exact: true }).click();
  await page.getByLabel('Amount').fill('1.234');
  await page.getByRole('button', { name: 'Create a transfer' }).click();
  const amount = page.getByLabel('Amount');
  await expect(amount).toHaveAttribute('aria-invalid', 'true');
  await expect(amount).toHaveAccessibleDescription(/^An amount in USD has at most 2 decimal places\./);
  const customer = page.getByLabel('Customer number');
  await expect(customer).toBeFocused();
  await expect(customer).toHaveAccessibleDescription('This is needed.');
  await amount.fill('1.23');
  await customer.fill('999999');
  await page.getByRole('button', { name: 'Create a transfer' }).click();
  await expect(customer).toHaveAccessibleDescription('There is no customer 999999.');
});

test('many are created from a CSV, with a preview and a result per row', async ({ browser, request }) => {
  const page = await signedIn(browser, 'Alice');
  await page.getByRole('radio', { name: 'Inquiry', exact: true }).click();
  const lines = ['cid,problem,level', '1,"Where is it, please?",1', ',No customer,', '999999,Nobody,1', '2,Second,2'];
  await page.getByLabel('CSV file', { exact: true }).setInputFiles({ name: 'inquiries.csv', mimeType: 'text/csv', buffer: Buffer.from(lines.join('\n')) });
  await expect(page.getByText('1 row has faults and is left out')).toBeVisible();
  await expect(page.getByRole('cell', { name: 'Customer number: This is needed.' })).toBeVisible();
  await page.getByRole('button', { name: 'Create 3 rows' }).click();
  await expect(page.getByText('2 created, 1 not.')).toBeVisible();
  await expect(page.getByRole('row', { name: /Where is it, please/ })).toContainText(/Inquiry \d+/);
  await expect(page.getByRole('row', { name: /Nobody/ })).toContainText('There is no customer 999999.');
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Save the results' }).click()]);
  expect(file.suggestedFilename()).toBe('create_inquiry-results.csv');
  const alice = await Colleague.of(request, 'Alice');
  expect((await alice.run('search_items', { type: 'inquiry', text: 'Where is it, please?' })).result.items).toHaveLength(1);
});

async function imported(page: Page, kind: string, text: string | Buffer): Promise<void> {
  await page.getByRole('radio', { name: kind, exact: true }).click();
  await page.getByLabel('CSV file', { exact: true }).setInputFiles({ name: 'some.csv', mimeType: 'text/csv', buffer: Buffer.from(text) });
}

test('a row whose meaning is not certain is not ready, and says why at its line', async ({ browser }) => {
  const page = await signedIn(browser, 'Alice');
  const lines = ['cid,content', '1,Certain', '', '1, "Passport, page 2"', '1,a,b', '1,"two', 'lines"', '1', '1,=A1', '1,2,3,,', '1,"open'];
  await imported(page, 'Document', lines.join('\r\n'));
  const told = page.getByRole('region', { name: 'Preview of some.csv' }).getByRole('row');
  await expect(page.getByText('6 rows have faults and are left out')).toBeVisible();
  for (const [line, words] of [
    ['4', 'A quotation mark stands where none may.'],
    ['5', 'There are 2 columns, and this line has more cells.'],
    ['8', 'There are 2 columns, and this line has fewer cells.'],
    ['9', 'A cell holds a formula'],
    ['10', 'There are 2 columns, and this line has more cells.'],
    ['11', 'A quotation mark is opened here and never closed'],
    ['2', 'Ready'],
    ['6', 'Ready'],
  ] as const) {
    await expect(told.filter({ has: page.locator('td:first-child', { hasText: new RegExp(`^${line}$`) }) })).toContainText(words);
  }
  await expect(page.getByRole('button', { name: 'Create 2 rows' })).toBeEnabled();
});

test('rows that are not UTF-8, and columns that are doubled or unknown, are not guessed', async ({ browser }) => {
  const page = await signedIn(browser, 'Alice');
  await imported(page, 'Customer', Buffer.from([...Buffer.from('name\nAda\nJos'), 0xe9]));
  await expect(page.getByRole('row', { name: /^3 Jos/ })).toContainText('Save the file as “CSV UTF-8”.');
  await expect(page.getByRole('button', { name: 'Create 1 row' })).toBeEnabled();
  await imported(page, 'Transfer', 'cid,amount,Amount\n1,2.00,3.00');
  await expect(page.getByText('These columns stand twice: amount.')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Create 0 rows' })).toBeDisabled();
  await page.getByRole('button', { name: 'Another file' }).click();
  await imported(page, 'Transfer', 'cid;amount;curency\n1;2.00;EUR\n1;2,00;EUR');
  await expect(page.getByText('These columns are no fields: curency.')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Create 0 rows' })).toBeDisabled();
  await expect(page.getByText('Ready')).toBeHidden();
  await page.getByLabel('Leave them out').check();
  await expect(page.getByRole('button', { name: 'Create 1 row' })).toBeEnabled();
  await expect(page.getByRole('row', { name: /^3 / })).toContainText('Amount:');
});

test('an import goes on while one looks at something else', async ({ browser, request }) => {
  const page = await signedIn(browser, 'Alice');
  let asked = 0;
  let answer = (): void => undefined;
  const answered = new Promise<void>((resolve) => (answer = resolve));
  await page.route('**/api/v1', async (route) => {
    if (!route.request().postData()?.includes('Of the file')) return route.continue();
    asked += 1;
    if (asked > 4) await answered;
    return route.continue();
  });
  const file = (rows: number) => ({ name: 'names.csv', mimeType: 'text/csv', buffer: Buffer.from(`name\n${'Of the file\n'.repeat(rows)}`) });
  await page.getByLabel('CSV file', { exact: true }).setInputFiles(file(40));
  await page.getByRole('button', { name: 'Create 40 rows' }).click();
  await expect(page.getByText('4 of 40')).toBeVisible();
  await page.getByRole('radio', { name: 'Inquiry', exact: true }).click();
  await expect(page.getByLabel('CSV file', { exact: true })).toBeAttached();
  await page.getByRole('link', { name: 'Sent' }).click();
  await page.getByRole('link', { name: 'Counter' }).click();
  await expect(page.getByText('4 of 40')).toBeVisible();
  answer();
  await expect(page.getByText('40 created, 0 not.')).toBeVisible();
  const alice = await Colleague.of(request, 'Alice');
  expect((await alice.run('search_customers', { text: 'Of the file', limit: 100 })).result.customers).toHaveLength(40);
});

test('Sent shows in sentences what I asked for, and outcomes as they arrive', async ({ browser }) => {
  const page = await signedIn(browser, 'Alice');
  await page.getByRole('link', { name: 'Sent' }).click();
  const alice = new Colleague(page.request, '12qw');
  await alice.run('create_document', { cid: 1, content: 'Seen as it arrives' });
  const line = page.locator('[data-task]').filter({ hasText: 'Seen as it arrives' });
  await expect(line).toContainText('Done');
  await expect(line.getByRole('link')).toHaveText(/^You created document \d+ for customer 1\.$/);
  await alice.run('create_document', { cid: 999999, content: 'For nobody' });
  const failed = page.locator('[data-task]').filter({ hasText: 'For nobody' });
  await expect(failed).toContainText('Create a document for customer 999999');
  await expect(failed).toContainText('There is no customer 999999.');
  await page.getByRole('radio', { name: 'Not done' }).click();
  await expect(line).toBeHidden();
});
