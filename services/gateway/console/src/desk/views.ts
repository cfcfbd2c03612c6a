/** Saved views of the desk, in the browser's storage, by operator. */
import { NO_FILTER, type Filter } from './filter';

export interface SavedView {
  name: string;
  filter: Filter;
}

export function readViews(storage: Pick<Storage, 'getItem'>, operatorId: number): SavedView[] {
  try {
    const found: unknown = JSON.parse(storage.getItem(place(operatorId)) ?? '[]');
    if (!Array.isArray(found)) return [];
    return found
      .filter((view): view is SavedView => typeof view?.name === 'string' && typeof view.filter === 'object')
      .map((view) => ({ name: view.name, filter: { ...NO_FILTER, ...view.filter } }));
  } catch {
    return [];
  }
}

/** Views with one more, replacing that of the same name. */
export function withView(views: readonly SavedView[], view: SavedView): SavedView[] {
  return [...views.filter(({ name }) => name !== view.name), view];
}

export function writeViews(storage: Pick<Storage, 'setItem'>, operatorId: number, views: readonly SavedView[]): void {
  storage.setItem(place(operatorId), JSON.stringify(views));
}

function place(operatorId: number): string {
  return `backoffice.views.${operatorId}`;
}
