/** The reader's language, everywhere at once. */
import { en, type MessageKey, type Messages } from '../i18n/en';
import { createFormat, type Format } from '../i18n/format';
import { bestLanguage, LANGUAGES, regional, type Language } from '../i18n/languages';
import { fill, type Params } from '../i18n/translate';
import { part } from './parts';

const PLACE = 'backoffice.language';

const state = $state<{ language: Language; locale: string; messages: Messages; format: Format }>({
  language: 'en',
  locale: 'en',
  messages: en,
  format: createFormat('en'),
});

/** The sentence in the reader's language. */
export function t(key: MessageKey, params: Params = {}): string {
  return fill(state.messages[key], params, state.locale);
}

/** The sentence of a key that is put together; the key's own last part when there is none. */
export function tOf(prefix: string, name: string): string {
  const sentence = state.messages[`${prefix}.${name}` as MessageKey] as string | undefined;
  return sentence ?? name.replaceAll('_', ' ');
}

export function language(): Language {
  return state.language;
}

/** The language with the region of the reader, for `Intl`. */
export function locale(): string {
  return state.locale;
}

export function format(): Format {
  return state.format;
}

/** The language chosen earlier, or else the browser's; English while that one cannot be loaded. */
export async function startLanguage(): Promise<void> {
  const chosen = localStorage.getItem(PLACE);
  await useLanguage(bestLanguage(chosen ? [chosen] : navigator.languages)).catch(() => useLanguage('en'));
}

/** Rejects when the language cannot be loaded; the page stays in the one it has. */
export async function chooseLanguage(chosen: Language): Promise<void> {
  localStorage.setItem(PLACE, chosen);
  await useLanguage(chosen);
}

/** The language that was chosen last: another may take longer to load. */
let wanted: Language = 'en';

async function useLanguage(chosen: Language): Promise<void> {
  wanted = chosen;
  const messages = await messagesOf(chosen);
  if (wanted !== chosen) return;
  state.messages = messages;
  state.locale = regional(chosen, navigator.languages);
  state.format = createFormat(state.locale);
  state.language = chosen;
  document.documentElement.lang = chosen;
}

async function messagesOf(chosen: Language): Promise<Messages> {
  if (chosen === 'es') return (await part(() => import('../i18n/es'))).es;
  if (chosen === 'zh-Hant') return (await part(() => import('../i18n/zh'))).zh;
  return en;
}

export { LANGUAGES };
