/** Where the one cursor of the list goes. It is the row that is open, or would be opened next. */
import type { Key, Row } from './queue';

/** The row that is `by` rows from the ring. Rows that have left are passed over.
 *
 *  ring: the row under the ring; at: its index, or the one that it had when it went */
export function moved(rows: readonly Row[], ring: Key | null, at: number, by: number): Row | null {
  const index = rows.findIndex(({ key }) => key === ring);
  if (ring === null) return nearest(rows, 0, 1);
  if (index >= 0) return nearest(rows, index + by, Math.sign(by));
  // The next row has taken its place.
  return nearest(rows, by > 0 ? at + by - 1 : at + by, Math.sign(by));
}

/** The row at the index, or the first beyond it in this direction that has not left; none beyond: the last before it. */
function nearest(rows: readonly Row[], index: number, direction: number): Row | null {
  const staying = (row: Row | undefined): row is Row => row !== undefined && row.left === null;
  const start = Math.max(0, Math.min(rows.length - 1, index));
  for (let each = start; each >= 0 && each < rows.length; each += direction || 1) if (staying(rows[each])) return rows[each] as Row;
  for (let each = start; each >= 0 && each < rows.length; each -= direction || 1) if (staying(rows[each])) return rows[each] as Row;
  return null;
}
