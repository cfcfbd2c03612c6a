/** Answers and reasons that are being written, in this tab: they outlast another view, a reload and an ended session. */

const PLACE = 'backoffice.draft';

const place = (operatorId: number, key: string): string => `${PLACE}.${operatorId}.${key}`;

export function draft(operatorId: number, key: string): string {
  return sessionStorage.getItem(place(operatorId, key)) ?? '';
}

export function keepDraft(operatorId: number, key: string, text: string): void {
  if (text) sessionStorage.setItem(place(operatorId, key), text);
  else forgetDraft(operatorId, key);
}

export function forgetDraft(operatorId: number, key: string): void {
  sessionStorage.removeItem(place(operatorId, key));
}

/** Who signs out leaves none behind. */
export function forgetDrafts(): void {
  Object.keys(sessionStorage)
    .filter((name) => name.startsWith(`${PLACE}.`))
    .forEach((name) => sessionStorage.removeItem(name));
}
