/** What the tab is called while something is open. */

const LONGEST = 80;
const state = $state<{ title: string | null }>({ title: null });

export function title(): string | null {
  return state.title;
}

/** Call the tab so, on one line. Called in an effect, it is undone by what it returns. */
export function useTitle(...parts: (string | null | undefined)[]): () => void {
  const text = parts.filter(Boolean).join(' · ').replace(/\s+/g, ' ');
  state.title = [...text].length > LONGEST ? `${[...text].slice(0, LONGEST).join('')}…` : text;
  return () => (state.title = null);
}
