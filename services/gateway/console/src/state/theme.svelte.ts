/** Light or dark: as the system has it, unless the reader has chosen. */

export type Theme = 'auto' | 'light' | 'dark';
export const THEMES: readonly Theme[] = ['auto', 'light', 'dark'];

const PLACE = 'backoffice.theme';
const state = $state<{ theme: Theme }>({ theme: 'auto' });

export function theme(): Theme {
  return state.theme;
}

export function startTheme(): void {
  const chosen = localStorage.getItem(PLACE) as Theme | null;
  if (chosen && THEMES.includes(chosen)) show(chosen);
}

export function chooseTheme(chosen: Theme): void {
  localStorage.setItem(PLACE, chosen);
  show(chosen);
}

function show(chosen: Theme): void {
  state.theme = chosen;
  if (chosen === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = chosen;
}
