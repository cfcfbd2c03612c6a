/** What is wrong with a field, in the reader's language. */
import { placesOf, type Field, type FieldFault } from '../forms/schema';
import { t } from '../state/language.svelte';

export function faultText(field: Field, fault: FieldFault, currency: string): string {
  return t(`fault.${fault}`, {
    minimum: field.minimum ?? 0,
    most: field.maxLength ?? 0,
    currency,
    places: placesOf(field, currency),
  });
}
