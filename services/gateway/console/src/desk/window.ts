/** Which rows of a long list are in the document. */

export interface Slice {
  first: number;
  /** One past the last. */
  end: number;
}

/** The rows in sight, and some beyond each edge so that scrolling finds them drawn. Heights in pixels. */
export function slice(count: number, rowHeight: number, scrollTop: number, viewHeight: number, beyond = 8): Slice {
  const first = Math.max(0, Math.min(count, Math.floor(scrollTop / rowHeight)) - beyond);
  const end = Math.min(count, Math.ceil((scrollTop + viewHeight) / rowHeight) + beyond);
  return { first, end: Math.max(first, end) };
}

/** Where to scroll so that the row is wholly in sight; null when it is already. */
export function reveal(index: number, rowHeight: number, scrollTop: number, viewHeight: number): number | null {
  const top = index * rowHeight;
  if (top < scrollTop) return top;
  return top + rowHeight > scrollTop + viewHeight ? top + rowHeight - viewHeight : null;
}
