/** What of a joined file is not as expected. */
import type { EngineRow } from '../../../engine/engine.ts';
import type { Leakage } from '../../../offline/leakage.ts';
import { isSameValue } from '../matches-answer.ts';
import type { Answer } from '../oracle.ts';

export interface Mistake {
  /** Position among the requests. */
  readonly request: number;
  readonly column: string;
  readonly expected: unknown;
  readonly got: unknown;
}

/** By request, by output column. Columns that are not expected to be anything may be anything. */
export type ExpectedValues = readonly ReadonlyMap<string, Pick<Answer, 'value' | 'tolerance'>>[];

export function findWrongValues(rows: readonly EngineRow[], expected: ExpectedValues): readonly Mistake[] {
  if (rows.length !== expected.length) {
    return [{ request: 0, column: 'number of rows', expected: expected.length, got: rows.length }];
  }
  return expected.flatMap((answers, request) =>
    [...answers].flatMap(([column, { value, tolerance }]): Mistake[] => {
      const got = rows[request]![column];
      if (got === undefined) return [{ request, column, expected: value, got: 'no such column' }];
      return isSameValue(got, value, tolerance) ? [] : [{ request, column, expected: value, got }];
    }),
  );
}

export function findWrongLeaks(
  leakage: Leakage,
  expected: readonly ReadonlyMap<string, Pick<Answer, 'leak'>>[],
): readonly Mistake[] {
  return [...(expected[0]?.keys() ?? [])].flatMap((column): Mistake[] => {
    const leaks = expected.map((answers) => answers.get(column)!.leak);
    const wanted = leaks.includes(null) ? 'unknown' : leaks.filter(Boolean).length;
    const got = leakage[column];
    return got === wanted ? [] : [{ request: 0, column: `leaks of ${column}`, expected: wanted, got }];
  });
}
