/** Short news at the edge of the page. They take no focus, and wait while one reads them. */

export interface Toast {
  id: number;
  text: string;
  kind: 'good' | 'bad' | 'news';
  action?: { label: string; run: () => void };
}

const LASTS = 7_000;
let next = 1;
const state = $state<{ toasts: Toast[]; held: boolean }>({ toasts: [], held: false });

export function toasts(): Toast[] {
  return state.toasts;
}

export function say(text: string, kind: Toast['kind'] = 'good', action?: Toast['action']): void {
  const id = next;
  next += 1;
  state.toasts = [...state.toasts.slice(-3), { id, text, kind, ...(action && { action }) }];
  expire(id);
}

/** While the pointer or the focus is on them, none goes. */
export function holdToasts(held: boolean): void {
  state.held = held;
}

export function dismiss(id: number): void {
  state.toasts = state.toasts.filter((toast) => toast.id !== id);
}

function expire(id: number): void {
  setTimeout(() => (state.held ? expire(id) : dismiss(id)), LASTS);
}
