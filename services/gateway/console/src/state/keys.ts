/** Keyboard shortcuts: single keys, and two keys one after the other. */

/** How long the first of two keys is waited upon, in milliseconds. */
const PAUSE = 1_200;

/** Turns key presses into the names of shortcuts: `t`, `g d`, `?`. */
export class Keys {
  private first: { key: string; at: number } | null = null;

  constructor(private readonly leaders: ReadonlySet<string>) {}

  /** The shortcut that this press completes; null for none.
   *
   *  at: when the key was pressed, which a busy page may learn later (milliseconds) */
  press(key: string, at: number): string | null {
    const first = this.first;
    this.first = null;
    if (first && at - first.at <= PAUSE) return `${first.key} ${key}`;
    if (this.leaders.has(key)) {
      this.first = { key, at };
      return null;
    }
    return key;
  }
}

/** Whether a key press belongs to what has the focus rather than to the page. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target.closest('[role=dialog],[role=alertdialog],[role=menu],[role=listbox]')) return true;
  if (target instanceof HTMLInputElement) return !['checkbox', 'radio', 'button', 'submit'].includes(target.type);
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}
