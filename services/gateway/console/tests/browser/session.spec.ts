import { expect } from '@playwright/test';
import { Colleague, create, endSession, mayEnd, settled, signedIn, signIn, TOKENS, test } from './office';

test('signing in keeps the token for the tab, and never in an address', async ({ page, context }) => {
  const addresses: string[] = [];
  page.on('request', (request) => addresses.push(request.url()));
  page.on('websocket', (socket) => addresses.push(socket.url()));
  await page.goto('/');
  await signIn(page, 'Carol');
  await page.reload();
  await expect(page.locator('[data-state=live]')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Your account' })).toContainText('Carol');
  addresses.push(page.url());
  expect(addresses.filter((address) => address.includes(TOKENS.Carol))).toEqual([]);
  expect(addresses.map((address) => new URL(address).host).filter((host) => host !== new URL(page.url()).host)).toEqual([]);
  expect(await page.evaluate(() => JSON.stringify(localStorage))).not.toContain(TOKENS.Carol);
  const other = await context.newPage();
  await other.goto('/');
  await expect(other.getByRole('button', { name: 'Sign in' })).toBeVisible();
});

test('a wrong token is refused in words, in the language of the reader', async ({ browser }) => {
  const context = await browser.newContext({ locale: 'es-ES' });
  const page = await context.newPage();
  await page.goto('/');
  await page.getByLabel('Nombre').fill('Carol');
  await page.getByLabel('Clave de acceso').fill('wrong');
  await page.getByRole('button', { name: 'Entrar' }).click();
  await expect(page.getByRole('alert')).toHaveText('El nombre o el token no es correcto.');
  await page.getByLabel('Idioma').selectOption('zh-Hant');
  await expect(page.getByRole('button', { name: '登入' })).toBeVisible();
  expect(await page.evaluate(() => document.documentElement.lang)).toBe('zh-Hant');
});

test('the page adapts to the role', async ({ browser }) => {
  for (const [name, views] of [
    ['Alice', ['Counter', 'Sent', 'Board', 'Record', 'Operators']],
    ['Bob', ['Desk', 'Sent', 'Board', 'Record']],
    ['Dave', ['Desk', 'Sent', 'Board', 'Record']],
  ] as const) {
    const page = await signedIn(browser, name);
    await expect(page.getByRole('navigation').getByRole('link')).toHaveText([...views]);
    await page.context().close();
  }
});

test('language and appearance are changed in place and kept', async ({ browser }) => {
  const page = await signedIn(browser, 'Bob');
  await page.getByRole('button', { name: 'Your account' }).click();
  await page.getByRole('menuitemradio', { name: 'Español' }).click();
  await expect(page.getByRole('heading', { name: 'La mesa' })).toBeVisible();
  await page.getByRole('button', { name: 'Tu cuenta' }).click();
  await page.getByRole('menuitemradio', { name: 'Oscura' }).click();
  await page.reload();
  await expect(page.getByRole('heading', { name: 'La mesa' })).toBeVisible();
  expect(await page.evaluate(() => getComputedStyle(document.documentElement).colorScheme)).toBe('dark');
});

test('a session that ends elsewhere ends here at once, and says so', async ({ browser, request }) => {
  const page = await signedIn(browser, 'Dave');
  await endSession(page, request, 'Dave');
  await expect(page.getByText('Your session has ended. Please sign in again.')).toBeVisible();
});

test('signing out ends the session on the server', async ({ browser }) => {
  const page = await signedIn(browser, 'Erin');
  mayEnd(page);
  await page.getByRole('button', { name: 'Your account' }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await expect(page.getByRole('button', { name: 'Sign in' })).toBeVisible();
  const data = { token: TOKENS.Erin, task: { action: 'list_queue', data: {} } };
  await expect.poll(async () => (await page.request.post('/api/v1', { data })).status()).toBe(401);
});

test('what is asked offline is kept, sent once when the connection is back, and shown as such', async ({ browser, request }) => {
  const page = await signedIn(browser, 'Alice');
  const sent: string[] = [];
  page.on('request', (each) => each.postData()?.includes('Written offline') && sent.push(each.headers()['idempotency-key'] ?? ''));
  await page.goto('/#/counter');
  await page.getByLabel('Name').fill('Written offline');
  // The other views are fetched ahead while there is a network.
  await expect.poll(() => page.evaluate(() => performance.getEntriesByType('resource').some(({ name }) => name.includes('TasksView')))).toBe(true);
  await page.waitForLoadState('networkidle');
  await page.context().setOffline(true);
  await page.getByRole('button', { name: 'Create a customer' }).click();
  await expect(page.getByText('You are offline. This is kept here and sent once you are back.')).toBeVisible();
  await page.getByRole('link', { name: /Sent/ }).click();
  await expect(page.getByRole('heading', { name: 'Kept here, not sent yet' })).toBeVisible();
  await page.context().setOffline(false);
  await expect(page.getByRole('heading', { name: 'Kept here, not sent yet' })).toBeHidden();
  const line = page.locator('[data-task]').first();
  await expect(line).toContainText('Asked offline at');
  await expect(line).toContainText('Done');
  expect(new Set(sent).size).toBe(1);
  const alice = await Colleague.of(request, 'Alice');
  const found = await alice.run('search_customers', { text: 'Written offline' });
  expect(found.result.customers).toHaveLength(1);
});

test('a lost connection comes back by itself, with what was missed', async ({ browser, request }) => {
  const page = await signedIn(browser, 'Dave');
  await page.context().setOffline(true);
  await expect(page.locator('.live')).toHaveText('Offline');
  const id = await create(request, 'inquiry', { problem: 'Asked while nobody listened' });
  await page.context().setOffline(false);
  await expect(page.locator(`[data-key="inquiry/${id}"]`)).toContainText('Asked while nobody listened');
});

test('a decision made offline is kept, waits for the connection, and cannot be made twice', async ({ browser, request }) => {
  const id = await create(request, 'transfer', { amount: '12.00' });
  const page = await signedIn(browser, 'Carol');
  await page.goto(`/#/desk/transfer/${id}`);
  const approve = page.getByRole('button', { name: 'Approve' });
  await expect(approve).toBeEnabled();
  await page.context().setOffline(true);
  await approve.click();
  await expect(page.getByRole('article').getByText('What you decided is kept here')).toBeVisible();
  await expect(approve).toBeHidden();
  await expect(page.getByText('The server cannot be reached.')).toBeHidden();
  await page.context().setOffline(false);
  await expect(page.getByRole('article').getByText('Approved', { exact: true }).first()).toBeVisible();
  await expect(page.getByRole('article').getByText('What you decided is kept here')).toBeHidden();
});

test('an answer that is being written outlasts another view and an ended session, and not a sign-out', async ({ browser, request }) => {
  const id = await create(request, 'inquiry', { problem: 'This needs a long answer.' });
  const page = await signedIn(browser, 'Erin');
  const answer = page.getByRole('textbox', { name: 'Your answer' });
  await page.goto(`/#/desk/inquiry/${id}`);
  await answer.fill('Ten minutes of writing');
  await page.goto('/#/tasks');
  await page.goBack();
  await expect(answer).toHaveValue('Ten minutes of writing');
  await endSession(page, request, 'Erin');
  await expect(page.getByText('Your session has ended. Please sign in again.')).toBeVisible();
  await signIn(page, 'Erin');
  await expect(answer).toHaveValue('Ten minutes of writing');
  await page.getByRole('button', { name: 'Your account' }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await signIn(page, 'Erin');
  await expect(answer).toHaveValue('');
});

test('who decided in another window is not told of somebody quicker', async ({ browser, request }) => {
  const id = await create(request, 'transfer', { amount: '13.00' });
  const page = await signedIn(browser, 'Carol');
  await page.goto('/#/tasks');
  const carol = new Colleague(request, TOKENS.Carol);
  for (let time = 0; time < 2; time += 1) await carol.run('review_transfer', { id, approved: true });
  await expect(page.locator('[data-task]').filter({ hasText: 'Not done' }).first()).toContainText('You decided it yourself at');
});

for (const [locale, width] of [['en-GB', 360], ['zh-TW', 360], ['es-ES', 360], ['es-ES', 1280]] as const) {
  test(`no word of a row covers another at ${width} pixels (${locale})`, async ({ browser, request }) => {
    await create(request, 'transfer', { amount: '99999999.99' });
    const page = await signedIn(browser, 'Carol', { locale, viewport: { width, height: 740 } });
    await expect(page.locator('[data-key]').first()).toBeVisible();
    const covered = await page.evaluate(() =>
      [...document.querySelectorAll('[role=row]')].flatMap((row) => {
        const cells = [...row.querySelectorAll<HTMLElement>('[role=gridcell], [role=columnheader]')];
        const boxes = cells.map((cell) => ({ text: cell.textContent, box: cell.getBoundingClientRect() })).filter(({ box }) => box.width > 0);
        const over = cells.filter((cell) => !cell.classList.contains('clip') && cell.scrollWidth > cell.clientWidth).map((cell) => cell.textContent);
        const meet = boxes.filter((a) => boxes.some((b) => a !== b && a.box.left < b.box.right - 1 && b.box.left < a.box.right - 1 && a.box.top < b.box.bottom - 1 && b.box.top < a.box.bottom - 1));
        return [...over, ...meet.map(({ text }) => text)];
      }),
    );
    expect(covered).toEqual([]);
  });
}

test('a part that is fetched ahead and does not arrive does not load the page again', async ({ browser }) => {
  const page = await (await browser.newContext()).newPage();
  await page.route(/assets\/(TasksView|BoardView|RecordView)/, (route) => route.abort('internetdisconnected'));
  const failed = page.waitForEvent('requestfailed');
  await page.goto('/');
  await page.evaluate(() => Object.assign(window, { isSame: true }));
  await signIn(page, 'Carol');
  await failed;
  await settled(page);
  await expect(page.locator('[data-state=live]')).toBeVisible();
  expect(await page.evaluate(() => 'isSame' in window)).toBe(true);
});
