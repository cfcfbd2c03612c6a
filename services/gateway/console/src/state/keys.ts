/** Keyboard shortcuts: single keys, and two keys one after the other. */

/** How long the first of two keys is waited upon, in milliseconds. */
const PAUSE = 1_200;

/** Keys that leave a field or send what stands in it. */
const ENDS_TYPING: ReadonlySet<string> = new Set(['Enter', 'Escape', 'Tab']);

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

/** Who types on where a field has just gone does not mean the shortcuts of the page. */
export class Typing {
  private last: { field: { isConnected: boolean }; at: number } | null = null;

  /** Whether this press goes on with what was typed into a field that has gone.
   *
   *  field: what the key is typed into, if it is; at: when it was pressed (milliseconds) */
  goesOn(key: string, field: { isConnected: boolean } | null, at: number): boolean {
    if (ENDS_TYPING.has(key)) this.last = null;
    else if (field) this.last = { field, at };
    else if (this.last && (this.last.field.isConnected || at - this.last.at > PAUSE)) this.last = null;
    else if (this.last) this.last.at = at;
    return field === null && this.last !== null;
  }
}

/** The field that a key is typed into; null when it is none. */
export function fieldOf(target: EventTarget | null): HTMLElement | null {
  return target instanceof HTMLElement && target.matches('textarea, input:not([type=checkbox], [type=radio])') ? target : null;
}

/** Whether a key press belongs to what has the focus rather than to the page. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target.closest('[role=dialog],[role=alertdialog],[role=menu],[role=listbox]')) return true;
  if (target instanceof HTMLInputElement) return !['checkbox', 'radio', 'button', 'submit'].includes(target.type);
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}

/** Whether the focus is on what leads to something else: a key pressed there is not meant for the item that is open. */
export function leadsElsewhere(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('a[href]') !== null;
}
