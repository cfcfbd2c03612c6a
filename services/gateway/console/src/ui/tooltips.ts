/** The whole text of what is cut off, as a tooltip. */

const CUT = '.clip, .about, .cell, .snippet';

/** From now on, whatever is cut off where the pointer or the focus arrives tells its whole text. */
export function startTooltips(): void {
  for (const event of ['pointerover', 'focusin']) document.addEventListener(event, ({ target }) => tell(target), { passive: true });
}

function tell(target: EventTarget | null): void {
  if (!(target instanceof Element)) return;
  const cut = target.matches(CUT) ? target : (target.closest(CUT) ?? (target.childElementCount < 12 ? target.querySelector(CUT) : null));
  if (!(cut instanceof HTMLElement)) return;
  const isCut = cut.scrollWidth > cut.clientWidth || cut.scrollHeight > cut.clientHeight + 1;
  if (isCut) cut.title = cut.textContent?.trim() ?? '';
  else cut.removeAttribute('title');
}
