/** Short news at the edge of the page, one at a time. They take no focus, and wait while one reads them. */

export interface Toast {
  id: number;
  text: string;
  kind: 'good' | 'bad' | 'news';
  action?: { label: string; run: () => void };
}

/** How long one is shown, and how long while another waits (milliseconds). */
const LASTS = 7_000;
const LASTS_AT_LEAST = 2_500;
const MOST = 4;

let next = 1;
let shownSince = 0;
const state = $state<{ toasts: Toast[]; held: boolean }>({ toasts: [], held: false });

/** The one to show. */
export function toast(): Toast | null {
  return state.toasts[0] ?? null;
}

/** Tell something; what is shown already, or waits to be, is not told twice. */
export function say(text: string, kind: Toast['kind'] = 'good', action?: Toast['action']): void {
  const fresh = { id: next, text, kind, ...(action && { action }) };
  next += 1;
  const others = state.toasts.filter((each) => each.text !== text);
  // The oldest of those that wait makes room; what is shown is being read.
  const kept = others.length >= MOST ? [...others.slice(0, 1), ...others.slice(2)] : others;
  if (kept[0] !== state.toasts[0] || kept.length === 0) shownSince = Date.now();
  state.toasts = [...kept, fresh];
  expire();
}

/** While the pointer or the focus is on it, it does not go. */
export function holdToasts(held: boolean): void {
  state.held = held;
}

export function dismiss(id: number): void {
  if (state.toasts[0]?.id === id) shownSince = Date.now();
  state.toasts = state.toasts.filter((each) => each.id !== id);
  expire();
}

let timer: ReturnType<typeof setTimeout> | undefined;

function expire(): void {
  clearTimeout(timer);
  const shown = state.toasts[0];
  if (!shown) return;
  const left = (state.toasts.length > 1 ? LASTS_AT_LEAST : LASTS) - (Date.now() - shownSince);
  if (left > 0 || state.held) timer = setTimeout(expire, Math.max(left, 200));
  else dismiss(shown.id);
}
