/** Whether the four paths say what the oracle says: exact values exactly, but for the signs of zeros. */
import type { PlannedView } from '../../../contracts/plan.ts';
import type { Micros } from '../../../contracts/time.ts';
import type { EngineValue } from '../../../engine/engine.ts';
import { isSameValue } from '../../world/matches-answer.ts';
import { answerColumns } from '../../world/packed/pack.ts';
import type { StreamedPack } from '../../world/packed/pack-stream.ts';
import type { ArrivedRow, FourPaths, PathValues } from './four-paths-run.ts';

export interface Difference {
  readonly path: string;
  readonly column: string;
  readonly at: Micros;
  readonly expected: unknown;
  readonly got: unknown;
  /** Of the key. */
  readonly rows: readonly ArrivedRow[];
}

export interface Compared {
  readonly differences: readonly Difference[];
  /** Values that were compared, by path. */
  readonly values: Readonly<Record<string, number>>;
}

type Reading = readonly [path: string, values: PathValues, withLate: boolean];

/** Every value of every path with the oracle's; those that Redis leaves to the lake have to be such. */
export function comparePaths(pack: StreamedPack, instants: readonly Micros[], paths: FourPaths): Compared {
  const { plan, online, caughtUp } = paths;
  const readings: readonly Reading[] = [
    ['historical', paths.historical, true],
    ['materialized', online.materialized, true],
    ['streamed', online.streamed, false],
    ['backfilled and streamed', online['backfilled and streamed'], false],
    ...Object.entries(caughtUp).map(([path, values]): Reading => [`${path}, then materialized`, values, true]),
  ];
  const byKey = groupByKey(paths.rows);
  const planned = new Map(plan.columns.map(({ name, as }) => [name, plan.views.find((view) => view.as === as)!]));
  const differences: Difference[] = [];
  const values: Record<string, number> = {};
  pack.keys.forEach((keys, place) => {
    const rows = byKey.get(textOf(keys)) ?? [];
    instants.forEach((at, instant) => {
      const request = { keys, at };
      const all = answerColumns(plan, request, rows, false);
      const late = rows.some((row) => row.late);
      const onTime = late
        ? answerColumns(
            plan,
            request,
            rows.filter((row) => !row.late),
            false,
          )
        : all;
      for (const [path, read, withLate] of readings) {
        for (const { name } of plan.columns) {
          const view = planned.get(name)!;
          const { value, tolerance } = (withLate || view.view.mode === 'asof' ? all : onTime).get(name)!;
          const got = read.get(name)![instant]![place];
          if (got === undefined && isForLake(view, rows, at)) continue;
          values[path] = (values[path] ?? 0) + 1;
          if (got !== undefined && isSameValue(got, value, tolerance)) continue;
          differences.push({
            path,
            column: name,
            at,
            expected: value,
            got: got === undefined ? 'UNAVAILABLE' : got,
            rows,
          });
        }
      }
    });
  });
  return { differences, values };
}

/** Whether something of the key is due later, or Redis has nothing of it to answer by. */
function isForLake({ view }: PlannedView, rows: readonly ArrivedRow[], at: Micros): boolean {
  const counting = rows.filter(({ created }) => !view.asKnown || created !== null);
  const dueAt = ({ event, created }: ArrivedRow): Micros => {
    const published = event + BigInt(view.delayMicros) + (view.mode === 'aggregate' ? 1n : 0n);
    return view.asKnown && created! > published ? created! : published;
  };
  return counting.length === 0 || counting.some((row) => dueAt(row) > at);
}

function groupByKey(rows: readonly ArrivedRow[]): ReadonlyMap<string, readonly ArrivedRow[]> {
  const byKey = new Map<string, ArrivedRow[]>();
  for (const row of rows) {
    const text = textOf(row.keys);
    const known = byKey.get(text);
    if (known) known.push(row);
    else byKey.set(text, [row]);
  }
  return byKey;
}

function textOf(keys: readonly EngineValue[]): string {
  return JSON.stringify(keys.map(String));
}
