import { expect, type Browser, type Page } from '@playwright/test';
import { create, row, signIn, type Name, test } from './office';
import { wireTo, type Wire } from './wire';

let wire: Wire;

test.beforeEach(async () => {
  wire = await wireTo(process.env.CONSOLE_URL as string);
});

test.afterEach(() => wire.close());

async function through(browser: Browser, name: Name, prepare: (page: Page) => Promise<void> = async () => undefined): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  await prepare(page);
  // The other views are fetched ahead.
  const ahead = page.waitForResponse(/TasksView-.*\.js/);
  await page.goto(wire.url);
  await signIn(page, name);
  await ahead;
  await page.waitForLoadState('networkidle');
  return page;
}

/** For what needs a reply that does not come, a new connection and a listing. */
const AFTER_SILENCE = { timeout: 60_000 };

/** How many live connections a page has opened. */
function connections(page: Page): () => number {
  let count = 0;
  page.on('websocket', () => (count += 1));
  return () => count;
}

test('a connection that falls silent is noticed by itself, and what was missed is loaded', async ({ browser, request }) => {
  const page = await through(browser, 'Dave', (each) => each.clock.install());
  const opened = connections(page);
  wire.silence();
  const id = await create(request, 'inquiry', { problem: 'Asked into the silence' });
  await expect(page.locator('.live')).toHaveText('Live');
  // The browser slept: its timers are due at once.
  await page.clock.fastForward(31_000);
  await page.clock.fastForward(11_000);
  await expect.poll(opened).toBe(1);
  await expect(row(page, 'inquiry', id)).toContainText('Asked into the silence', AFTER_SILENCE);
  await expect(page.locator('.live')).toHaveText('Live');
});

test('what is decided after a silence is sent at once, though all connections of the browser were silent', async ({ browser, request }) => {
  const id = await create(request, 'transfer', { amount: '14.00' });
  const page = await through(browser, 'Carol');
  const opened = connections(page);
  wire.silence();
  await page.evaluate("dispatchEvent(new Event('online'))");
  await expect.poll(opened, AFTER_SILENCE).toBe(1);
  await expect(page.locator('.live')).toHaveText('Live');
  await row(page, 'transfer', id).click();
  await page.getByRole('button', { name: 'Approve' }).click();
  await expect(page.getByText(`Transfer ${id} is approved.`)).toBeVisible();
  await expect(page.getByText('You are offline.')).toBeHidden();
});

for (const [how, event] of [
  ['the page is looked at again', "document.dispatchEvent(new Event('visibilitychange'))"],
  ['the network returns', "dispatchEvent(new Event('online'))"],
  ['the page comes back from the history', "dispatchEvent(new Event('pageshow'))"],
] as const) {
  test(`a silent connection is checked at once when ${how}`, async ({ browser, request }) => {
    const page = await through(browser, 'Dave');
    const opened = connections(page);
    wire.silence();
    const id = await create(request, 'inquiry', { problem: 'Asked while nobody looked' });
    await page.evaluate(event);
    await expect(row(page, 'inquiry', id)).toBeVisible(AFTER_SILENCE);
    expect(opened()).toBe(1);
  });
}

test('a connection that works is kept however often it is checked', async ({ browser }) => {
  const frames: string[] = [];
  const page = await through(browser, 'Dave', async (each) => {
    await each.clock.install();
    each.on('websocket', (socket) => socket.on('framereceived', ({ payload }) => frames.push(String(payload))));
  });
  const opened = connections(page);
  for (let count = 1; count <= 3; count += 1) {
    await page.clock.fastForward(31_000);
    await expect.poll(() => frames.filter((frame) => frame === '{"type":"pong"}').length).toBe(count);
  }
  expect(opened()).toBe(0);
});

test('a view that is gone after an upgrade has the page loaded again, with what was typed', async ({ browser }) => {
  const page = await (await browser.newContext()).newPage();
  let gone = true;
  let loads = 0;
  page.on('load', () => (loads += 1));
  await page.route('**/assets/BoardView-*', (route) => (gone ? route.fulfill({ status: 404 }) : route.continue()));
  await page.goto('/');
  await signIn(page, 'Alice');
  await page.getByLabel('Name').fill('Typed before the upgrade');
  const before = loads;
  page.on('request', (each) => each.isNavigationRequest() && (gone = false));
  await page.evaluate(() => (location.hash = '#/board'));
  await expect(page.getByRole('heading', { name: 'The board' })).toBeVisible();
  expect(loads).toBe(before + 1);
  await page.getByRole('link', { name: 'Counter' }).click();
  await expect(page.getByLabel('Name')).toHaveValue('Typed before the upgrade');
});

test('a view that stays gone is said to be, and does not have the page loaded over and over', async ({ browser }) => {
  const page = await (await browser.newContext()).newPage();
  await page.route('**/assets/BoardView-*', (route) => route.fulfill({ status: 404 }));
  await page.goto('/');
  await signIn(page, 'Alice');
  let loads = 0;
  page.on('load', () => (loads += 1));
  await page.getByRole('link', { name: 'Board' }).click();
  await expect(page.getByRole('button', { name: 'Try again' })).toBeVisible();
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect(page.getByRole('button', { name: 'Try again' })).toBeVisible();
  expect(loads).toBe(1);
});

test('a page whose script is gone while it is being loaded is loaded again instead of staying blank', async ({ browser }) => {
  const page = await (await browser.newContext()).newPage();
  let refused = 0;
  await page.route('**/assets/*.js', (route) => (refused === 0 ? ((refused += 1), route.fulfill({ status: 404 })) : route.continue()));
  await page.goto('/');
  await expect(page.getByRole('button', { name: 'Sign in' })).toBeVisible();
  expect(refused).toBe(1);
});

test('a page whose script stays gone says so', async ({ browser }) => {
  const page = await (await browser.newContext()).newPage();
  await page.route('**/assets/*.js', (route) => route.fulfill({ status: 404 }));
  await page.goto('/');
  await expect(page.getByText('This page could not be loaded.')).toBeVisible();
});

test('a language that cannot be loaded leaves the page in English', async ({ browser }) => {
  const page = await (await browser.newContext({ locale: 'es-ES' })).newPage();
  await page.route('**/assets/es-*', (route) => route.fulfill({ status: 404 }));
  await page.goto('/');
  await expect(page.getByRole('button', { name: 'Sign in' })).toBeVisible();
});
