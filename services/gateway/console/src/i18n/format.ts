/** Dates, times, numbers and money as the reader's language writes them. */

export interface Format {
  number(value: number): string;
  money(amount: string, currency: string): string;
  /** An amount whose currency stands elsewhere. */
  amount(amount: string): string;
  dateTime(iso: string): string;
  time(iso: string): string;
  day(iso: string): string;
  /** How long ago, short: `3 min`, `2 h`, `5 d`. */
  age(milliseconds: number): string;
  /** A duration of so many seconds, short. */
  duration(seconds: number): string;
  compare(a: string, b: string): number;
}

export function createFormat(language: string, timeZone?: string): Format {
  const zone = timeZone ? { timeZone } : {};
  const dateTime = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short', ...zone });
  const time = new Intl.DateTimeFormat(language, { timeStyle: 'short', ...zone });
  const day = new Intl.DateTimeFormat(language, { dateStyle: 'medium', ...zone });
  const number = new Intl.NumberFormat(language);
  const collator = new Intl.Collator(language, { numeric: true });
  const units = new Map<string, Intl.NumberFormat>();
  const moneys = new Map<string, Intl.NumberFormat>();

  function inUnit(value: number, unit: string): string {
    let format = units.get(unit);
    if (!format) {
      format = new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'short', maximumFractionDigits: 1 });
      units.set(unit, format);
    }
    return format.format(value);
  }

  function duration(seconds: number): string {
    if (seconds < 10) return inUnit(Math.round(seconds * 10) / 10, 'second');
    if (seconds < 60) return inUnit(Math.round(seconds), 'second');
    if (seconds < 3600) return inUnit(Math.floor(seconds / 60), 'minute');
    if (seconds < 86_400) return inUnit(Math.floor(seconds / 360) / 10, 'hour');
    return inUnit(Math.floor(seconds / 8_640) / 10, 'day');
  }

  return {
    number: (value) => number.format(value),
    amount: (value) => new Intl.NumberFormat(language, places(value)).format(exactly(value)),
    money(value, currency) {
      const digits = places(value);
      const key = `${currency} ${digits.minimumFractionDigits}`;
      let format = moneys.get(key);
      if (!format) {
        format = new Intl.NumberFormat(language, { style: 'currency', currency, currencyDisplay: 'code', ...digits });
        moneys.set(key, format);
      }
      return format.format(exactly(value));
    },
    dateTime: (iso) => dateTime.format(new Date(iso)),
    time: (iso) => time.format(new Date(iso)),
    day: (iso) => day.format(new Date(iso)),
    age(milliseconds) {
      const seconds = Math.max(0, milliseconds / 1000);
      if (seconds < 60) return inUnit(Math.floor(seconds), 'second');
      if (seconds < 3600) return inUnit(Math.floor(seconds / 60), 'minute');
      if (seconds < 86_400) return inUnit(Math.floor(seconds / 3600), 'hour');
      return inUnit(Math.floor(seconds / 86_400), 'day');
    },
    duration,
    compare: collator.compare,
  };
}

/** An amount is shown with the decimal places that the server gives it, which are those of its currency. */
function places(amount: string): { minimumFractionDigits: number; maximumFractionDigits: number } {
  const count = amount.split('.')[1]?.length ?? 0;
  return { minimumFractionDigits: count, maximumFractionDigits: count };
}

/** A string is formatted exactly, however many digits it has. */
function exactly(amount: string): number {
  return amount as unknown as number;
}
