/** The columns that an expectation names in its arguments. */
import type { ExpectationManifest } from '../contracts/manifest.ts';
import { parseRowCondition, renameCondition } from './row-conditions.ts';

type Rule = Pick<ExpectationManifest, 'arguments'>;

/** Those whose values it judges, each once, in order. */
export function judgedColumns({ arguments: args }: Rule): readonly string[] {
  const list = Array.isArray(args['column_list']) ? (args['column_list'] as readonly unknown[]) : [];
  const named = [args['column'], args['column_A'], args['column_B'], ...list];
  return [...new Set(named.filter((name) => typeof name === 'string'))];
}

/** Those and the one of its condition. */
export function columnsOf(rule: Rule): readonly string[] {
  const condition = rule.arguments['row_condition'];
  const column = typeof condition === 'string' ? parseRowCondition(condition)?.column : undefined;
  return [...new Set([...judgedColumns(rule), ...(column === undefined ? [] : [column])])];
}

/** The same expectation of columns with other names. */
export function renameColumns(rule: ExpectationManifest, rename: (column: string) => string): ExpectationManifest {
  const renamed = Object.entries(rule.arguments).map(([name, value]) => {
    if (['column', 'column_A', 'column_B'].includes(name)) return [name, rename(String(value))];
    if (name === 'column_list') return [name, (value as readonly string[]).map(rename)];
    return [name, name === 'row_condition' ? renameCondition(String(value), rename) : value];
  });
  return { ...rule, arguments: Object.fromEntries(renamed) as ExpectationManifest['arguments'] };
}
