/** What the browser tests share: signing in, and colleagues who work over the API. */
import { expect, test as base, type APIRequestContext, type Browser, type BrowserContextOptions, type Page } from '@playwright/test';

/** A test whose browsers are closed at its end: the pages of earlier tests would go on asking on behalf of their operators. */
export const test = base.extend<{ closing: void }>({
  closing: [
    async ({ browser }, use) => {
      await use();
      const contexts = browser.contexts();
      // What a test holds back may still be on its way.
      const pages = contexts.flatMap((context) => context.pages());
      await Promise.all(pages.map((page) => page.unrouteAll({ behavior: 'ignoreErrors' })));
      await Promise.all(contexts.map((context) => context.close()));
    },
    { auto: true },
  ],
});

export const TOKENS = { Alice: '12qw', Bob: '34er', Carol: '56ty', Dave: '78ui', Erin: '90op' } as const;
export type Name = keyof typeof TOKENS;

interface Finished {
  status: string;
  result: Record<string, any>;
  error: { code: string } | null;
}

/** An operator who works over the API, beside the browser. */
export class Colleague {
  constructor(
    private readonly request: APIRequestContext,
    private readonly token: string,
  ) {}

  static async of(request: APIRequestContext, name: Name): Promise<Colleague> {
    const colleague = new Colleague(request, TOKENS[name]);
    const { status } = await colleague.submit({ action: 'login', name });
    expect(status).toBe('succeeded');
    return colleague;
  }

  /** The finished task. */
  async run(action: string, data: object): Promise<Finished> {
    return this.submit({ action, data });
  }

  private async submit(task: object): Promise<Finished> {
    const headers = { Authorization: `Bearer ${this.token}`, Prefer: 'wait=30' };
    const response = await this.request.post('/api/v1', { data: { task }, headers });
    expect(response.ok(), await response.text()).toBe(true);
    return ((await response.json()) as { task: Finished }).task;
  }
}

/** Alice creates an item, whose id this is. */
export async function create(request: APIRequestContext, type: string, data: object): Promise<number> {
  const alice = await Colleague.of(request, 'Alice');
  const { result } = await alice.run(`create_${type}`, { cid: 1, ...data });
  return result[type].id as number;
}

/** A browser of its own for somebody who has signed in. Fails the test for errors on the page.
 *
 *  ahead: by how many milliseconds the browser's clock is wrong */
export async function signedIn(browser: Browser, name: Name, options: BrowserContextOptions = {}, ahead = 0): Promise<Page> {
  const context = await browser.newContext(options);
  if (ahead) await context.addInitScript(setClock, ahead);
  const page = await context.newPage();
  page.on('pageerror', (error) => expect.soft(error.message, 'an error on the page').toBe(''));
  page.on('console', (message) => {
    // A browser that is offline by order of the test says so, and so does one whose session ends while it asks for something.
    // One that asks for much is told to ask again, and does.
    const ordered = message.text().includes('429') || message.text().includes('ERR_INTERNET_DISCONNECTED') || (ending.has(page) && message.text().includes('401'));
    if (message.type() === 'error' && !ordered) expect.soft(message.text()).toBe('');
  });
  await page.goto('/');
  await signIn(page, name);
  return page;
}

function setClock(ahead: number): void {
  const now = Date.now.bind(Date);
  Date.now = () => now() + ahead;
}

export async function signIn(page: Page, name: Name): Promise<void> {
  await page.locator('input[autocomplete=username]').fill(name);
  await page.locator('input[autocomplete=current-password]').fill(TOKENS[name]);
  await page.keyboard.press('Enter');
  await expect(page.locator('[data-state=live]')).toBeVisible();
}

const ending = new WeakSet<Page>();

/** From now on the session of this page may end at any moment, whatever it asks for just then. */
export function mayEnd(page: Page): void {
  ending.add(page);
}

/** End the session of a page's operator from elsewhere. */
export async function endSession(page: Page, request: APIRequestContext, name: Name): Promise<void> {
  mayEnd(page);
  await new Colleague(request, TOKENS[name]).run('logout', {}).catch(() => undefined);
}

/** The row of an item on the desk. */
export function row(page: Page, type: string, id: number) {
  return page.locator(`[data-key="${type}/${id}"]`);
}

/** From now on, have the answers to what is asked with these words wait for `answer`; the first has been given at `given`. */
export async function hold(page: Page, words: string): Promise<{ given: Promise<void>; answer: () => void }> {
  let [give, answer] = [(): void => undefined, (): void => undefined];
  const given = new Promise<void>((resolve) => (give = resolve));
  const released = new Promise<void>((resolve) => (answer = resolve));
  await page.route('**/api/v1', async (route) => {
    if (!route.request().postData()?.includes(words)) return route.fallback();
    const response = await route.fetch();
    give();
    await released;
    await route.fulfill({ response });
  });
  return { given, answer };
}

/** Let the page do all that it has begun with an answer. */
export async function settled(page: Page): Promise<void> {
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve))));
}
