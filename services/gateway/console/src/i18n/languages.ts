/** The languages of the page, and which of them suits a reader. */

export const LANGUAGES = ['en', 'zh-Hant', 'es'] as const;
export type Language = (typeof LANGUAGES)[number];

/** What each language calls itself. */
export const NAMES: Record<Language, string> = { en: 'English', 'zh-Hant': '繁體中文', es: 'Español' };

/** The language as it is written where the reader is: dates, times and numbers follow the browser's region. */
export function regional(language: Language, tags: readonly string[]): string {
  const spoken = tags.find((tag) => match(tag) === language && regionOf(tag));
  const region = regionOf(spoken ?? tags.find(regionOf) ?? '');
  return region ? `${language}-${region}` : language;
}

function regionOf(tag: string): string | undefined {
  try {
    return new Intl.Locale(tag).region;
  } catch {
    return undefined;
  }
}

/** The first of the reader's languages that the page has; English when there is none. */
export function bestLanguage(wanted: readonly string[]): Language {
  for (const tag of wanted) {
    const found = match(tag);
    if (found) return found;
  }
  return 'en';
}

function match(tag: string): Language | null {
  const lower = tag.toLowerCase();
  const primary = lower.split('-')[0];
  if (primary === 'zh') return /hans|-cn|-sg/.test(lower) ? null : 'zh-Hant';
  return primary === 'es' ? 'es' : primary === 'en' ? 'en' : null;
}
