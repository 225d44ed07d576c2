/** `row_condition`, in the simple forms of Great Expectations' own language: which rows a rule looks at. */

export const ROW_CONDITION_FORMS =
  'write col("name").notnull(), or compare a column with a value by ==, !=, <, <=, > or >=: col("name") > 5, col("name") == "text", ' +
  'col("name") >= date("2024-01-01")';

export interface RowCondition {
  readonly column: string;
  readonly operator: '==' | '!=' | '<' | '<=' | '>' | '>=' | 'notnull';
  /** As an argument of the column's type might be written; null for `notnull`. */
  readonly value: string | number | boolean | null;
}

const COLUMN = String.raw`col\((?:"([^"]+)"|'([^']+)')\)`;
const NOT_NULL = new RegExp(String.raw`^${COLUMN}\s*\.\s*notnull\(\s*\)$`, 'i');
const VALUE = String.raw`([+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)|"([^"]*)"|'([^']*)'|date\((?:"([^"]*)"|'([^']*)')\)|(true|false)`;
const COMPARISON = new RegExp(String.raw`^${COLUMN}\s*(==|!=|<=|>=|<|>)\s*(?:${VALUE})$`, 'i');

/** Undefined when the text has none of the forms. */
export function parseRowCondition(text: string): RowCondition | undefined {
  const present = NOT_NULL.exec(text.trim());
  if (present) return { column: present[1] ?? present[2]!, operator: 'notnull', value: null };
  const found = COMPARISON.exec(text.trim());
  if (!found) return undefined;
  const [, doubly, singly, operator, number, ...others] = found;
  const flag = others.pop();
  const literal = others.find((one) => one !== undefined);
  return {
    column: doubly ?? singly!,
    operator: operator as RowCondition['operator'],
    value: number !== undefined ? exactNumber(number) : flag === undefined ? literal! : flag.toLowerCase() === 'true',
  };
}

/** The condition about a column of another name. */
export function renameCondition(text: string, rename: (column: string) => string): string {
  return text.replace(new RegExp(COLUMN, 'i'), (_, doubly?: string, singly?: string) => {
    return `col("${rename(doubly ?? singly!)}")`;
  });
}

/** An integer that a double cannot hold stays text. */
function exactNumber(text: string): number | string {
  const isLong = /^[+-]?\d+$/.test(text) && !Number.isSafeInteger(Number(text));
  return isLong ? text : Number(text);
}
