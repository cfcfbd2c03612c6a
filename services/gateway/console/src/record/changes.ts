/** What an audit entry changed. */

export interface Change {
  name: string;
  before: unknown;
  after: unknown;
}

type State = Record<string, unknown> | null | undefined;

/** What the heading of an entry says already. */
const SAID = ['id', 'cid', 'created_at', 'created_by', 'decided_at', 'decided_by', 'claimed_by', 'claimed_until'];

/** Beside the name of a person stands an id, which is not for reading. */
const IDS = ['created_by_id', 'claimed_by_id', 'decided_by_id'];

/** Every member that differs; the version says nothing of its own. `brief` leaves out what the entry's heading says. */
export function changesOf(before: State, after: State, brief = false): Change[] {
  const names = new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})]);
  names.delete('version');
  IDS.forEach((name) => names.delete(name));
  if (brief) SAID.forEach((name) => names.delete(name));
  return [...names]
    .map((name) => ({ name, before: before?.[name] ?? null, after: after?.[name] ?? null }))
    .filter((change) => JSON.stringify(change.before) !== JSON.stringify(change.after));
}
