/** Where the server found the words of the desk's filter: rows have the beginning of a long text alone. */
import type { Api } from '../api/client';
import { run } from '../api/run';
import type { Item, ItemType } from '../api/types';
import { keyOf, type Key } from '../desk/queue';

const PAGE = 200;
const MOST_PAGES = 5;
const MOST_WORDS = 5;

export class Found {
  /** The items by word. */
  byWord = $state.raw<ReadonlyMap<string, ReadonlySet<Key>>>(new Map());
  private asked = 0;

  constructor(private readonly api: Api) {}

  /** Ask for these words; what is asked for later takes the place of it. */
  async ask(words: readonly string[], types: readonly ItemType[]): Promise<void> {
    this.asked += 1;
    const mine = this.asked;
    const found = await Promise.all(words.slice(0, MOST_WORDS).map(async (word) => [word, await this.keysOf(word, types)] as const));
    if (mine === this.asked) this.byWord = new Map(found);
  }

  private async keysOf(word: string, types: readonly ItemType[]): Promise<ReadonlySet<Key>> {
    const found = await Promise.all(types.map((type) => this.search(word, type)));
    return new Set(found.flat());
  }

  private async search(text: string, type: ItemType): Promise<Key[]> {
    const keys: Key[] = [];
    let cursor: string | null = null;
    try {
      for (let page = 0; page < MOST_PAGES; page += 1) {
        const data = { type, text, decided: false, limit: PAGE, ...(cursor && { cursor }) };
        const found: { items: Item[]; next_cursor: string | null } = await run(this.api, 'search_items', data);
        keys.push(...found.items.map(keyOf));
        cursor = found.next_cursor;
        if (!cursor) break;
      }
    } catch {
      // What is in the rows is found all the same.
    }
    return keys;
  }
}
