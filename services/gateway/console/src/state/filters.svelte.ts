/** The desk's filter of this tab; it outlives visits to other views. */
import { NO_FILTER, type Filter } from '../desk/filter';

const PLACE = 'backoffice.filter';

function restored(): Filter {
  try {
    return { ...NO_FILTER, ...(JSON.parse(sessionStorage.getItem(PLACE) ?? '{}') as Partial<Filter>) };
  } catch {
    return { ...NO_FILTER };
  }
}

const state = $state<{ filter: Filter }>({ filter: restored() });

export function filter(): Filter {
  return state.filter;
}

export function setFilter(change: Partial<Filter>): void {
  state.filter = { ...state.filter, ...change };
  sessionStorage.setItem(PLACE, JSON.stringify(state.filter));
}
