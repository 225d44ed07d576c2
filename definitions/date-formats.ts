/**
 * Formats of dates and times as Python's `strptime` reads them, with English names, as regular expressions in RE2's syntax: one for
 * texts of this form, and one for those among them that name a day which no month has.
 */
export interface DateFormat {
  readonly pattern: string;
  /** Null when the format has no day of a month. */
  readonly impossible: string | null;
}

type Part = 'year' | 'month' | 'day' | 'hour' | 'minute' | 'second' | 'fraction' | 'half' | 'weekday' | 'zone';
interface Directive {
  readonly part: Part;
  readonly pattern: string;
}

const MONTHS = 'January|February|March|April|May|June|July|August|September|October|November|December';
const WEEKDAYS = 'Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday';
const ZONE_COLONS = String.raw`:[0-5]\d(?::[0-5]\d(?:\.\d{1,6})?)?`;
const ZONE_DIGITS = String.raw`[0-5]\d(?:[0-5]\d(?:\.\d{1,6})?)?`;

const DIRECTIVES: Readonly<Record<string, Directive>> = {
  Y: { part: 'year', pattern: String.raw`\d\d\d[1-9]|\d\d[1-9]0|\d[1-9]00|[1-9]000` },
  y: { part: 'year', pattern: String.raw`\d\d` },
  m: { part: 'month', pattern: '1[0-2]|0[1-9]|[1-9]' },
  B: { part: 'month', pattern: `(?i:${MONTHS})` },
  b: { part: 'month', pattern: `(?i:${short(MONTHS)})` },
  d: { part: 'day', pattern: String.raw`3[01]|[12]\d|0[1-9]|[1-9]| [1-9]` },
  H: { part: 'hour', pattern: String.raw`2[0-3]|[01]\d|\d` },
  I: { part: 'hour', pattern: '1[0-2]|0[1-9]|[1-9]' },
  M: { part: 'minute', pattern: String.raw`[0-5]\d|\d` },
  S: { part: 'second', pattern: String.raw`[0-5]\d|\d` },
  f: { part: 'fraction', pattern: String.raw`\d{1,6}` },
  p: { part: 'half', pattern: '(?i:am|pm)' },
  A: { part: 'weekday', pattern: `(?i:${WEEKDAYS})` },
  a: { part: 'weekday', pattern: `(?i:${short(WEEKDAYS)})` },
  z: { part: 'zone', pattern: String.raw`Z|[+-](?:[01]\d|2[0-3])(?:${ZONE_COLONS}|${ZONE_DIGITS})` },
};

/** What a directive stands for in texts that name a day which the month does not have. */
type Substitutes = Readonly<Record<string, string>>;

const DAY_31: Substitutes = {
  d: '31',
  m: '0?[469]|11',
  B: '(?i:April|June|September|November)',
  b: '(?i:Apr|Jun|Sep|Nov)',
};
const FEBRUARY: Substitutes = { m: '0?2', B: '(?i:February)', b: '(?i:Feb)' };
const NO_LEAP = '[02468][1-35-79]|[13579][013-57-9]';
const NO_LEAP_YEAR: Substitutes = { Y: String.raw`\d\d(?:${NO_LEAP})|(?:${NO_LEAP})00`, y: NO_LEAP };

/** The format, or in words why it cannot be read. */
export function readDateFormat(format: string): DateFormat | string {
  const parts = format.match(/%[\s\S]?|\s+|[^%\s]+/gu) ?? [];
  const seen = new Map<Part, string>();
  for (const part of parts) {
    if (!part.startsWith('%') || part === '%%') continue;
    const directive = DIRECTIVES[part.slice(1)];
    if (directive === undefined) {
      const known = Object.keys(DIRECTIVES).map((letter) => `%${letter}`);
      return `the directive ${part} is not known; known: ${known.join(' ')} %%`;
    }
    const earlier = seen.get(directive.part);
    if (earlier !== undefined) return `it has the ${directive.part} twice, as ${earlier} and as ${part}`;
    seen.set(directive.part, part);
  }
  if (seen.size === 0) return 'it has no directive, such as %Y-%m-%d';
  const render = (substitutes: Substitutes): string => parts.map((part) => renderPart(part, substitutes)).join('');
  const impossible = [
    render(DAY_31),
    render({ ...FEBRUARY, d: '3[01]' }),
    render({ ...FEBRUARY, ...NO_LEAP_YEAR, d: '29' }),
  ];
  return {
    pattern: `^(?:${render({})})$`,
    // without a month it is January, which has every day
    impossible: seen.has('day') && seen.has('month') ? `^(?:${impossible.join('|')})$` : null,
  };
}

function renderPart(part: string, substitutes: Substitutes): string {
  if (/^\s/.test(part)) return String.raw`\s+`;
  if (part === '%%') return '%';
  if (!part.startsWith('%')) return literal(part);
  const letter = part.slice(1);
  return `(?:${substitutes[letter] ?? DIRECTIVES[letter]?.pattern ?? ''})`;
}

/** Letters of ASCII match in any case, as `strptime` has it. */
function literal(text: string): string {
  return [...text]
    .map((character) => {
      if (/[A-Za-z]/.test(character)) return `[${character.toUpperCase()}${character.toLowerCase()}]`;
      return /[\\^$.*+?()[\]{}|]/.test(character) ? `\\${character}` : character;
    })
    .join('');
}

function short(names: string): string {
  return names.replaceAll(/([A-Z]..)[a-z]*/g, '$1');
}
