/** Regular expressions of rules: RE2's language, as this process and the SQL engine both read it. */
import { RE2JS } from 're2js';
import { messageOf } from '../contracts/errors.ts';

/** An escape, a quotation, or a class: what stands in it is no group. */
const NO_GROUP = /\\Q[\s\S]*?(?:\\E|$)|\\[\s\S]|\[\^?\]?(?:\\[\s\S]|\[:\^?[a-z]+:\]|[^\]\\])*\]/g;

/** What is wrong with a pattern; undefined when nothing is. */
export function patternProblem(pattern: string): string | undefined {
  try {
    RE2JS.compile(pattern);
  } catch (error) {
    return messageOf(error);
  }
  const groups = pattern.replaceAll(NO_GROUP, '');
  return groups.includes('(?<') ? 'a named group is written (?P<name>…)' : undefined;
}

/**
 * Whether the SQL engine finds a valid pattern in exactly the texts in which this process finds it. Both know the same language,
 * but not the same version of Unicode: its classes, and the cases of rare letters, differ.
 */
export function isSameInSql(pattern: string): boolean {
  if (/\\p/i.test(pattern)) return false;
  const ignoresCase = /\(\?[A-Za-z]*i/.test(pattern);
  return !ignoresCase || !/[\u0080-\uFFFF]|\\x/.test(pattern);
}

/** For ajv. A backtracking engine could be kept busy for ever by one value; RE2 cannot. */
export const linearPatterns = Object.assign(
  (pattern: string) => {
    const compiled = RE2JS.compile(pattern);
    // ajv takes patterns of the same text for the same
    return { test: (text: string) => compiled.matcher(text).find(), toString: () => pattern };
  },
  { code: 'linearPatterns' },
);
