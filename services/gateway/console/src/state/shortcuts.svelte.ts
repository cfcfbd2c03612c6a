/** Which keys do something now. The views in sight say theirs; the sheet shows them. */
import { fieldOf, isTyping, Keys, Typing } from './keys';
import { singleKeys } from './prefs.svelte';

type Handlers = Record<string, (event: KeyboardEvent) => void>;

const keys = new Keys(new Set(['g']));
const typing = new Typing();
/** A key held down repeats these; it repeats nothing that decides. */
const REPEATING: ReadonlySet<string> = new Set(['j', 'k']);
let layers: Handlers[] = [];

/** Have these keys work while the calling component is there. The latest comes first. */
export function useShortcuts(handlers: () => Handlers): void {
  $effect(() => {
    const mine = handlers();
    layers = [mine, ...layers];
    return () => {
      layers = layers.filter((each) => each !== mine);
    };
  });
}

export function startShortcuts(): () => void {
  addEventListener('keydown', pressed);
  return () => removeEventListener('keydown', pressed);
}

function pressed(event: KeyboardEvent): void {
  if (typing.goesOn(event.key, fieldOf(event.target), event.timeStamp)) return;
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (isTyping(event.target) || isAsked()) return;
  if (event.repeat && !REPEATING.has(event.key)) return;
  if (event.key.length === 1 && !singleKeys.on && event.key !== '?') return;
  if (event.key === 'Enter' || event.key === ' ' || event.key === 'Tab') return;
  const name = keys.press(event.key, event.timeStamp);
  const handler = name === null ? undefined : layers.find((layer) => name in layer)?.[name];
  if (!handler) return;
  event.preventDefault();
  handler(event);
}

/** Whether a dialog or a menu waits for an answer: nothing behind it works, wherever the focus is. */
function isAsked(): boolean {
  return document.querySelector('[role=dialog],[role=alertdialog],[role=menu]') !== null;
}
