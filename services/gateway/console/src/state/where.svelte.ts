/** Where in the page one is, as the address says. */
import { parseRoute, type Route } from './route';

const state = $state<{ route: Route }>({ route: parseRoute(location.hash) });

export function where(): Route {
  return state.route;
}

export function startRouting(): void {
  addEventListener('hashchange', () => (state.route = parseRoute(location.hash)));
}

export function go(to: string): void {
  if (location.hash !== to) location.hash = to;
}
