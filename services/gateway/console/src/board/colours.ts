/** The colours of the design system as a canvas wants them. */

/** What a custom property is now, in this theme. */
export function colourOf(element: Element, property: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(${property})`;
  element.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
