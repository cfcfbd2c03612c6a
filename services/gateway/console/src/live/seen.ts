/** Which outcomes have been told already. */

/** Remembers the last `size` ids. */
export class Seen {
  private readonly ids = new Set<string>();

  constructor(private readonly size = 5_000) {}

  /** Whether the id is new; it is remembered from now on. */
  add(id: string): boolean {
    if (this.ids.has(id)) return false;
    this.ids.add(id);
    if (this.ids.size > this.size) this.ids.delete(this.ids.values().next().value as string);
    return true;
  }
}
