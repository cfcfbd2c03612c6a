import { expect } from '@playwright/test';
import { Colleague, create, endSession, hold, mayEnd, row, settled, signedIn, signIn, test } from './office';

// What comes before, after or instead of what one waits for.

test('a reason that is being written outlasts its dialog and an ended session, and not the rejection', async ({ browser, request }) => {
  const id = await create(request, 'document', { content: 'To be rejected' });
  const page = await signedIn(browser, 'Carol');
  const reason = page.getByLabel('Why is it rejected?');
  const reject = page.getByRole('button', { name: 'Reject' });
  await page.goto(`/#/desk/document/${id}`);
  await page.getByLabel('Then take the next one').uncheck();
  await reject.click();
  await reason.fill('Ten minutes of reasons');
  await page.keyboard.press('Escape');
  await expect(reason).toBeHidden();
  await reject.click();
  await expect(reason).toHaveValue('Ten minutes of reasons');
  await endSession(page, request, 'Carol');
  await expect(page.getByText('Your session has ended. Please sign in again.')).toBeVisible();
  await signIn(page, 'Carol');
  await expect(reason).toHaveValue('Ten minutes of reasons');
  await page.getByRole('alertdialog').getByRole('button', { name: 'Reject' }).click();
  await expect(page.getByText(`Document ${id} is rejected.`)).toBeVisible();
  expect(await page.evaluate(() => JSON.stringify(sessionStorage))).not.toContain('Ten minutes');
});

test('a question goes when somebody else takes the item, and does not come back by itself', async ({ browser, request }) => {
  const id = await create(request, 'transfer', { amount: '34567.00' });
  const bob = await Colleague.of(request, 'Bob');
  const page = await signedIn(browser, 'Carol');
  await page.goto(`/#/desk/transfer/${id}`);
  await page.getByRole('button', { name: 'Approve' }).click();
  await expect(page.getByRole('alertdialog')).toBeVisible();
  await bob.run('get_task', { type: 'transfer', id });
  await expect(page.getByRole('alertdialog')).toBeHidden();
  await expect(page.getByRole('article').getByText('Bob has just taken this.')).toBeVisible();
  await bob.run('release_task', { type: 'transfer', id });
  await expect(page.getByRole('button', { name: 'Take it' })).toBeEnabled();
  await expect(page.getByRole('alertdialog')).toHaveCount(0);
});

test('a question about what has changed meanwhile is not answered by a second press', async ({ browser, request }) => {
  const id = await create(request, 'transfer', { amount: '45678.00' });
  const page = await signedIn(browser, 'Carol');
  await page.goto(`/#/desk/transfer/${id}`);
  await page.getByRole('button', { name: 'Approve' }).click();
  await page.route('**/api/v1', async (route) => {
    if (!route.request().postData()?.includes('review_')) return route.fallback();
    const error = { code: 'version_conflict', message: 'Changed.', params: {} };
    return route.fulfill({ json: { task: { id: 'x', status: 'failed', result: null, error } } });
  });
  await page.getByRole('alertdialog').getByRole('button', { name: 'Approve' }).click();
  await expect(page.getByRole('article').getByText('This item changed while you were reading.')).toBeVisible();
  await expect(page.getByRole('alertdialog')).toBeHidden();
});

test('what is created later than one waits for is not offered to be created again', async ({ browser }) => {
  const page = await signedIn(browser, 'Alice');
  await page.route('**/api/v1', async (route) => {
    if (!route.request().postData()?.includes('Slowly made')) return route.fallback();
    const response = await route.fetch();
    const { task } = (await response.json()) as { task: object };
    return route.fulfill({ response, json: { task: { ...task, status: 'accepted', result: null } } });
  });
  await page.getByLabel('Name').fill('Slowly made');
  await page.getByRole('button', { name: 'Create a customer' }).click();
  await expect(page.getByLabel('Name')).toHaveValue('');
  const file = { name: 'names.csv', mimeType: 'text/csv', buffer: Buffer.from('name\nSlowly made\n') };
  await page.getByLabel('CSV file', { exact: true }).setInputFiles(file);
  await page.getByRole('button', { name: 'Create 1 row' }).click();
  await expect(page.getByText('1 created, 0 not.')).toBeVisible();
});

test('who goes elsewhere while what is next is asked for stays there', async ({ browser, request }) => {
  await create(request, 'document', { content: 'What is next' });
  const page = await signedIn(browser, 'Carol');
  const { given, answer } = await hold(page, 'get_task');
  await expect(page.getByTestId('count')).toHaveText(/\d+ items/);
  const answered = page.waitForResponse((response) => !!response.request().postData()?.includes('get_task'));
  await page.keyboard.press('t');
  await given;
  await page.getByRole('link', { name: 'Sent' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Sent' })).toBeVisible();
  answer();
  await (await answered).finished();
  await settled(page);
  await expect(page).toHaveURL(/#\/tasks$/);
});

test('what happens to an item while it is being read is not missed', async ({ browser, request }) => {
  const id = await create(request, 'document', { content: 'Read slowly' });
  const bob = await Colleague.of(request, 'Bob');
  const page = await signedIn(browser, 'Carol');
  const { given, answer } = await hold(page, 'get_document');
  await expect(row(page, 'document', id)).toBeVisible();
  await page.goto(`/#/desk/document/${id}`);
  await given;
  await bob.run('review_document', { id, approved: true });
  await expect(row(page, 'document', id)).toContainText('Approved');
  answer();
  await expect(page.getByRole('article').getByText('Bob has just decided this.')).toBeVisible();
});

test('an item that was opened offline is there once the connection is back', async ({ browser, request }) => {
  const id = await create(request, 'document', { content: 'Opened offline' });
  const page = await signedIn(browser, 'Carol');
  await page.context().setOffline(true);
  await page.goto(`/#/desk/document/${id}`);
  await expect(page.getByText('This item could not be loaded.')).toBeVisible();
  await page.context().setOffline(false);
  await expect(page.getByRole('article').getByLabel('Content')).toHaveText('Opened offline');
});

test('what one window sends waits in no other', async ({ browser }) => {
  const page = await signedIn(browser, 'Alice');
  const other = await page.context().newPage();
  await other.goto('/');
  await signIn(other, 'Alice');
  await hold(other, 'Sent by one');
  await other.getByRole('link', { name: 'Sent' }).click();
  await expect(other.getByRole('heading', { level: 1, name: 'Sent' })).toBeVisible();
  await page.getByLabel('Name').fill('Sent by one');
  await page.context().setOffline(true);
  await page.getByRole('button', { name: 'Create a customer' }).click();
  await expect(page.getByText('You are offline. This is kept here and sent once you are back.')).toBeVisible();
  await expect(other.getByRole('heading', { name: 'Kept here, not sent yet' })).toBeVisible();
  await page.context().setOffline(false);
  await expect(other.getByRole('heading', { name: 'Kept here, not sent yet' })).toBeHidden();
});

test('of two languages that are chosen one after the other the second stays', async ({ browser }) => {
  const page = await (await browser.newContext()).newPage();
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  await page.route('**/assets/es-*.js', async (route) => {
    await released;
    await route.continue();
  });
  await page.goto('/');
  const language = page.getByLabel('Language');
  const held = page.waitForRequest('**/assets/es-*.js');
  await language.selectOption('es');
  await held;
  await language.selectOption('zh-Hant');
  await expect(page.getByRole('button', { name: '登入' })).toBeVisible();
  const loaded = page.waitForResponse('**/assets/es-*.js');
  release();
  await (await loaded).finished();
  await settled(page);
  await expect(page.getByRole('button', { name: '登入' })).toBeVisible();
});

test('the answer about one operator closes no question about another', async ({ browser }) => {
  const page = await signedIn(browser, 'Alice');
  await page.getByRole('link', { name: 'Operators' }).click();
  const { given, answer } = await hold(page, 'change_operator');
  const line = (name: string) => page.getByRole('listitem').filter({ hasText: name });
  await line('Dave').getByRole('button', { name: 'Change' }).click();
  await page.getByRole('dialog').getByLabel('Level').fill('2');
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await given;
  await page.keyboard.press('Escape');
  await line('Bob').getByRole('button', { name: 'Disable' }).click();
  answer();
  await expect(line('Dave')).toContainText('Level 2');
  await expect(page.getByRole('alertdialog')).toBeVisible();
});

test('who signs out while the session is begun anew stays signed out', async ({ browser, request }) => {
  const page = await signedIn(browser, 'Erin');
  mayEnd(page);
  const { given, answer } = await hold(page, '"login"');
  const alice = await Colleague.of(request, 'Alice');
  const { result } = await alice.run('list_operators', {});
  const { id } = (result.operators as { id: number; name: string }[]).find(({ name }) => name === 'Erin')!;
  await alice.run('change_operator', { id, level: 3 });
  await page.context().setOffline(true);
  await expect(page.locator('.live')).toHaveText('Offline');
  await page.context().setOffline(false);
  await given;
  await page.getByRole('button', { name: 'Your account' }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await expect(page.getByRole('button', { name: 'Sign in' })).toBeVisible();
  const answered = page.waitForResponse((response) => !!response.request().postData()?.includes('"login"'));
  answer();
  await (await answered).finished();
  await settled(page);
  await expect(page.getByRole('button', { name: 'Sign in' })).toBeVisible();
});

test('a listing that broke off is begun anew by itself', async ({ browser, request }) => {
  const id = await create(request, 'document', { content: 'Listed at last' });
  const page = await signedIn(browser, 'Carol');
  let broken = true;
  await page.route('**/api/v1', (route) =>
    broken && route.request().postData()?.includes('list_queue') ? route.abort('internetdisconnected') : route.fallback(),
  );
  await page.reload();
  await expect(page.getByText('The queue could not be loaded')).toBeVisible();
  broken = false;
  await expect(row(page, 'document', id)).toBeVisible();
});

test('a new token is shown to whoever has gone elsewhere before it counted', async ({ browser }) => {
  const page = await signedIn(browser, 'Alice');
  await page.getByRole('link', { name: 'Operators' }).click();
  const { given, answer } = await hold(page, 'rotate_operator');
  await page.getByRole('listitem').filter({ hasText: 'Erin' }).getByRole('button', { name: 'New token' }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'New token' }).click();
  await given;
  await page.goto('/#/board');
  await expect(page.getByRole('heading', { level: 1, name: 'The board' })).toBeVisible();
  answer();
  const token = await page.getByRole('alertdialog').getByLabel('Access token').inputValue();
  const login = await page.request.post('/api/v1', { data: { token, task: { action: 'login', name: 'Erin' } } });
  expect(login.status()).toBe(200);
});

test('an import is not left by accident, and can be stopped', async ({ browser }) => {
  const page = await signedIn(browser, 'Alice');
  const { given, answer } = await hold(page, 'Row of a long file');
  const lines = `name\n${'Row of a long file\n'.repeat(100)}`;
  await page.getByLabel('CSV file', { exact: true }).setInputFiles({ name: 'long.csv', mimeType: 'text/csv', buffer: Buffer.from(lines) });
  await page.getByRole('button', { name: 'Create 100 rows' }).click();
  await given;
  const [dialog] = await Promise.all([page.waitForEvent('dialog'), page.close({ runBeforeUnload: true })]);
  expect(dialog.type()).toBe('beforeunload');
  await dialog.dismiss();
  await page.getByRole('button', { name: 'Stop' }).click();
  answer();
  await expect(page.getByText('8 created, 0 not.')).toBeVisible();
});
