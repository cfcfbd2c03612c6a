/** Sentences with parameters and plurals, in the small part of ICU's message syntax that the page needs. */

export type Params = Record<string, string | number>;

const PLURAL = /\{(\w+), plural, ((?:\w+ \{[^{}]*\} ?)+)\}/g;
const FORM = /(\w+) \{([^{}]*)\}/g;

const TURNS = /[\u0590-\u08ff\u200e\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufefc]/;

/** The words with what turns the direction of writing kept inside them: a name must not turn the amount beside it. */
export function isolated(words: string): string {
  return TURNS.test(words) ? `\u2068${words}\u2069` : words;
}

/** The sentence with its plural chosen and its braces filled. Numbers are written in the language's way. */
export function fill(sentence: string, params: Params, language: string): string {
  const number = (value: number): string => new Intl.NumberFormat(language).format(value);
  const chosen = sentence.replace(PLURAL, (_whole, name: string, forms: string) => {
    const count = Number(params[name]);
    const found = new Map([...forms.matchAll(FORM)].map(([, form = '', text = '']) => [form, text]));
    const text = found.get(new Intl.PluralRules(language).select(count)) ?? found.get('other') ?? '';
    return text.replaceAll('#', number(count));
  });
  return chosen.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = params[name];
    return value === undefined ? whole : typeof value === 'number' ? number(value) : isolated(value);
  });
}
