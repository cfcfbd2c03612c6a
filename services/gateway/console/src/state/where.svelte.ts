/** Where in the page one is, as the address says. */
import { parseRoute, type Route } from './route';

const state = $state<{ route: Route }>({ route: parseRoute(location.hash) });

export function where(): Route {
  return state.route;
}

export function startRouting(): void {
  addEventListener('hashchange', () => (state.route = parseRoute(location.hash)));
}

/** Go there at once: the next key belongs to what is there. `passing`: leave no step to come back to. */
export function go(to: string, passing = false): void {
  if (location.hash === to) return;
  if (passing) history.replaceState(null, '', to);
  else location.hash = to;
  state.route = parseRoute(to);
}
