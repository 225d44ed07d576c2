/** Checks cron expressions when they are written, and not when the first run does not come. */

const SHORTHANDS = ['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly'];
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
/** The longest that each month gets. */
const LONGEST = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

interface CronField {
  readonly name: string;
  readonly least: number;
  readonly most: number;
  /** Names of `least`, `least + 1` …, in lower case. */
  readonly names?: readonly string[];
}

const FIELDS = [
  { name: 'minute', least: 0, most: 59 },
  { name: 'hour', least: 0, most: 23 },
  { name: 'day of month', least: 1, most: 31 },
  { name: 'month', least: 1, most: 12, names: MONTHS },
  { name: 'day of week', least: 0, most: 7, names: DAYS },
] as const satisfies readonly CronField[];

export interface CronProblem {
  readonly problem: string;
  readonly mend: string;
}

const RULE = "write minute, hour, day of month, month and day of week, such as '0 6 * * MON-FRI', or @hourly or @daily";

/** What is wrong with an expression; undefined when it is right. */
export function findCronProblem(text: string): CronProblem | undefined {
  if (SHORTHANDS.includes(text)) return undefined;
  if (text.startsWith('@every'))
    return { problem: `"${text}" is an interval`, mend: "write every: '1h' in place of cron" };
  if (/^(CRON_)?TZ=/.test(text)) return { problem: `"${text}" names a time zone`, mend: 'give it as timezone' };
  const parts = text.trim().split(/\s+/);
  if (parts.length !== FIELDS.length) {
    return { problem: `"${text}" is not a cron expression of five fields`, mend: RULE };
  }
  const values: (readonly number[])[] = [];
  for (const [index, field] of FIELDS.entries()) {
    const found = valuesOf(parts[index]!, field);
    if (found === undefined) {
      return { problem: `"${parts[index]}" is not a ${field.name} (${field.least} to ${field.most})`, mend: RULE };
    }
    values.push(found);
  }
  if (parts[2] !== '*' && parts[4] !== '*') {
    return {
      problem: `"${text}" restricts the day of the month and the day of the week`,
      mend: 'restrict one of them: some crons take days that match either, Temporal those that match both',
    };
  }
  const [, , days, months] = values as [number[], number[], number[], number[]];
  if (!months.some((month) => days.some((day) => day <= LONGEST[month - 1]!))) {
    return { problem: `"${text}" names a day that no month has`, mend: 'correct the day or the month' };
  }
  return undefined;
}

/** Undefined when the text is wrong. */
function valuesOf(text: string, field: CronField): readonly number[] | undefined {
  const values: number[] = [];
  for (const item of text.split(',')) {
    const match = /^(\*|(\w+)(?:-(\w+))?)(?:\/(\d{1,4}))?$/.exec(item);
    if (!match) return undefined;
    const [, range, first, last, step] = match;
    const from = range === '*' ? field.least : valueOf(first!, field);
    // a single value with a step goes on to the end
    const open = range === '*' || (last === undefined && step !== undefined);
    const to = open ? field.most : last === undefined ? from : valueOf(last, field);
    const by = Number(step ?? 1);
    if (from === undefined || to === undefined || to < from || by < 1) return undefined;
    for (let value = from; value <= to; value += by) values.push(value);
  }
  return values;
}

function valueOf(text: string, { least, most, names = [] }: CronField): number | undefined {
  const named = names.indexOf(text.toLowerCase());
  if (named >= 0) return least + named;
  if (!/^\d{1,2}$/.test(text)) return undefined;
  const value = Number(text);
  return value >= least && value <= most ? value : undefined;
}
