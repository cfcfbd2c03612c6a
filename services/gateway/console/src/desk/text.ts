/** Texts as the filter compares them: as the server folds them (services/info/folding.py), so that both find the same. */

const PLAIN: Record<string, string> = {
  ...{ ı: 'i', ø: 'o', ł: 'l', đ: 'd', ð: 'd', ħ: 'h', ŧ: 't', æ: 'ae', œ: 'oe', þ: 'th', ß: 'ss', ς: 'σ' },
  ...Object.fromEntries([..."\u2018\u2019\u02bc\u2032"].map((mark) => [mark, "'"])),
  ...Object.fromEntries([...'\u201c\u201d\u201e\u00ab\u00bb'].map((mark) => [mark, '"'])),
  ...Object.fromEntries([...'\u2010\u2011\u2012\u2013\u2014\u2212'].map((mark) => [mark, '-'])),
};
const PLAINED = new RegExp(`[${Object.keys(PLAIN).join('').replace('-', '\\-')}]`, 'g');
/** Accents of letters; marks that make another letter (kana voicing, vowel signs) stay. */
const ACCENTS = /(?<=[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}]\p{M}*)\p{M}/gu;
const NOT_SHOWN = /[\p{Cf}\p{Cc}]/gu;

/** The text without letter case, accents and other forms of a character. */
export function fold(text: string): string {
  const lower = text.normalize('NFKD').toLowerCase().normalize('NFKD');
  const bare = lower.replace(ACCENTS, '').replace(PLAINED, (char) => PLAIN[char] ?? char);
  return bare.normalize('NFC').replace(/\s+/g, ' ').replace(NOT_SHOWN, '').trim();
}

/** How the reader's language and region write numbers. */
export interface Marks {
  group: string;
  decimal: string;
}

export function marksOf(locale: string): Marks {
  const parts = new Intl.NumberFormat(locale, { useGrouping: true }).formatToParts(1_234_567.8);
  const mark = (type: 'group' | 'decimal', otherwise: string): string => parts.find((part) => part.type === type)?.value ?? otherwise;
  return { group: mark('group', ','), decimal: mark('decimal', '.') };
}

/** An amount as it is displayed, as it is kept: `1,250,000.00` is `1250000.00`. Everything else stays as it is. */
export function plainAmount(word: string, { group, decimal }: Marks): string {
  const escaped = (mark: string): string => mark.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const whole = new RegExp(`^\\d{1,3}(?:${escaped(group)}\\d{3})+(?:${escaped(decimal)}\\d*)?$|^\\d+${escaped(decimal)}\\d+$`);
  return whole.test(word) ? word.replaceAll(group, '').replace(decimal, '.') : word;
}
