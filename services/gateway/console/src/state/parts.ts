/** Parts of the page that are fetched when they are first needed. */

/** When the page was last loaded again because a part was missing; `public/recover.js` writes it too. */
const PLACE = 'backoffice.reloaded';
const AGAIN_AFTER = 60_000;
const RELOADS_WITHIN = 10_000;
/** A part may take so long (milliseconds): on a connection that has fallen silent it would never come. */
const LOADS_WITHIN = 20_000;

export interface Page {
  storage: Pick<Storage, 'getItem' | 'setItem'>;
  reload: () => void;
  /** Whether the server answers. */
  isServed: () => Promise<boolean>;
  now: () => number;
  pause: (milliseconds: number) => Promise<void>;
}

/** The part. After an upgrade the server has only the parts of its new page, so the page is loaded again, once a minute
 *  at most. Throws what `load` throws when that cannot help, or when the reader chose to stay. */
export async function part<Part>(load: () => Promise<Part>, page: Page = thisPage()): Promise<Part> {
  try {
    return await Promise.race([load(), page.pause(LOADS_WITHIN).then(() => Promise.reject(new Error('not loaded in time')))]);
  } catch (error) {
    if (!isRecent(page) && (await page.isServed())) {
      page.storage.setItem(PLACE, String(page.now()));
      page.reload();
      await page.pause(RELOADS_WITHIN);
    }
    throw error;
  }
}

function isRecent({ storage, now }: Page): boolean {
  return now() - Number(storage.getItem(PLACE)) < AGAIN_AFTER;
}

function thisPage(): Page {
  return {
    storage: sessionStorage,
    reload: () => location.reload(),
    isServed: () => fetch('/', { method: 'HEAD', cache: 'no-store' }).then(({ ok }) => ok, () => false),
    now: Date.now,
    pause: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
  };
}
