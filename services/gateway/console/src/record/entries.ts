/** Entries of the audit, as the API shows them. */

export interface Entry {
  id: number;
  at: string;
  by: string | null;
  actor: string | null;
  type: string;
  entity_id: number;
  event: string;
  task_id: string | null;
  before: Record<string, unknown> | null;
  after: Record<string, unknown> | null;
}

export interface EntryPage {
  entries: Entry[];
  next_cursor: string | null;
}
