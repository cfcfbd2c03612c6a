/** Links that are opened in another tab. */

/** From now on, what is opened with Ctrl opens in a tab that is signed in as this one is: a browser gives a tab the storage of
 *  the one that opened it only where a script does. A row opens as its link does. */
export function startTabs(): void {
  document.addEventListener('click', (event) => (event.ctrlKey || event.metaKey) && open(event));
}

function open(event: MouseEvent): void {
  if (!(event.target instanceof Element)) return;
  const link = event.target.closest('a') ?? event.target.closest('[data-key]')?.querySelector('a');
  if (!link?.getAttribute('href')?.startsWith('#/')) return;
  event.preventDefault();
  window.open(link.href);
}
