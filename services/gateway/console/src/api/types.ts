/** The API's own types under short names, from the OpenAPI document. */
import type { components } from './generated/api';

type Schemas = components['schemas'];

export type Operator = Schemas['Operator'];
export type Role = Operator['role'];
export type Customer = Schemas['Customer'];
export type ItemType = Schemas['ItemType'];
export type Problem = Schemas['Problem'];
export type Message = Schemas['Message'];
export type Fault = Schemas['Fault'];
export type TaskError = Schemas['TaskError'];

/** Whatever an action is given. */
export type Data = Record<string, unknown>;

/** A task as the API shows it; what its result holds depends on its action. */
export type Task = Omit<Schemas['Task'], 'result' | 'action' | 'data'> & {
  action: string | null;
  data: Data | null;
  result: Record<string, unknown> | null;
};

/** An item of any type as the API lists it. */
export type Item = { type: ItemType; customer_name?: string } & (
  | ({ type: 'document' } & Schemas['Document'])
  | ({ type: 'transfer' } & Schemas['Transfer'])
  | ({ type: 'inquiry' } & Schemas['Inquiry'])
);

export type Status = Item['status'];

/** What a live event tells of an item at least. */
export interface ItemState {
  type: ItemType;
  id: number;
  level: number;
  status: Status;
  version: number;
  claimed_by: string | null;
  /** Ids of people: absent in what an older release sent or stored. */
  claimed_by_id?: number | null;
  claimed_until: string | null;
}

/** An item as the queue lists it and live events tell it; of a long text only the beginning. */
export interface QueueItem extends ItemState {
  cid: number;
  customer_name: string;
  text: string | null;
  amount: string | null;
  currency: string | null;
  created_at: string;
  created_by: string;
  created_by_id?: number;
  decided_by: string | null;
  decided_by_id?: number | null;
  /** It was answered and waits for its customer, until `waiting_until` at the latest if that is stated. */
  waiting?: boolean;
  waiting_until?: string | null;
}

export type ItemEvent = 'created' | 'claimed' | 'released' | 'escalated' | 'answered' | 'replied' | 'decided';

/** What the server pushes. */
export type Push =
  | { type: 'ready'; operator: Operator }
  | { type: 'pong' }
  | { type: 'task'; task: Task }
  | { type: 'item'; event: ItemEvent; item: ItemState & Partial<QueueItem> };

export const ITEM_TYPES: readonly ItemType[] = ['document', 'transfer', 'inquiry'];

/** The item in a result of `get_*`, `create_*`, `review_*`, `get_task` and the like. */
export function itemOf(result: Record<string, unknown> | null): Item | null {
  for (const type of ITEM_TYPES) {
    const found = result?.[type];
    if (found) return { type, ...(found as object) } as Item;
  }
  return null;
}
