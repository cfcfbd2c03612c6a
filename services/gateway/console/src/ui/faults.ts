/** What is wrong with a field, in the reader's language. */
import type { Field, FieldFault } from '../forms/schema';
import { t } from '../state/language.svelte';

export function faultText(field: Field, fault: FieldFault): string {
  return t(`fault.${fault}`, { minimum: field.minimum ?? 0, most: field.maxLength ?? 0 });
}
