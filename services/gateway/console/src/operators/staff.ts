import type { Operator } from '../api/types';

/** An operator as the Admin sees them. */
export interface StaffMember extends Operator {
  enabled: boolean;
  created_at: string;
  last_used_at: string | null;
}
