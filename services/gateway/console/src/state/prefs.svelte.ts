/** Small habits of the reader, kept in the browser. */

function preference(place: string, fallback: boolean): { get on(): boolean; set on(value: boolean) } {
  let on = $state((localStorage.getItem(place) ?? String(fallback)) === 'true');
  return {
    get on() {
      return on;
    },
    set on(value: boolean) {
      on = value;
      localStorage.setItem(place, String(value));
    },
  };
}

/** Whether a key without a modifier is a shortcut. */
export const singleKeys = preference('backoffice.singleKeys', true);
/** Whether a decision takes the next item. */
export const thenNext = preference('backoffice.thenNext', true);
