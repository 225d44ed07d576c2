/** All keys that the sources of a request hold: what is asked for when nobody names entities. */
import { AsofError } from '../contracts/errors.ts';
import type { FeaturePlan, PlannedView } from '../contracts/plan.ts';
import type { Micros } from '../contracts/time.ts';
import type { Session } from '../engine/engine.ts';
import { identifierList, literalText, literalTimestamp, quoteIdentifier } from '../engine/sql.ts';
import { openSource, type SourceDependencies } from './source-relation.ts';

/** How errors call it. */
export const ALL_KEYS = 'all keys of the range';

/**
 * Writes each key once, in order of its values, that a row from before `to` has, whatever became of it. The views must read
 * the same columns of the spine, or some of those that another one reads. Answers the snapshots that were read. Throws
 * `USAGE` when the keys of one view say nothing about those of another.
 */
export async function writeAllKeys(
  session: Session,
  dependencies: SourceDependencies,
  input: {
    readonly project: string;
    readonly plan: FeaturePlan;
    readonly to: Micros;
    readonly file: string;
    /** To read the sources at; the newest where none is named. */
    readonly snapshots: Readonly<Record<string, number>>;
  },
): Promise<Readonly<Record<string, number>>> {
  const views = widestViews(input.plan);
  const columns = [...views[0]!.spineColumns].sort();
  const snapshots: Record<string, number> = {};
  const selects: string[] = [];
  for (const view of views) {
    const { sql, snapshot } = await openSource(dependencies, {
      ...input,
      source: view.source,
      range: { to: input.to },
    });
    snapshots[view.source.name] = snapshot;
    selects.push(keysOf(view, columns, sql, input.to));
  }
  const keys = `SELECT DISTINCT * FROM (${selects.join(' UNION ALL ')}) ORDER BY ${identifierList(columns)}`;
  await session.run(`COPY (${keys}) TO ${literalText(input.file)} (FORMAT parquet, COMPRESSION zstd)`);
  return snapshots;
}

function keysOf({ view, source, spineColumns }: PlannedView, columns: readonly string[], rows: string, to: Micros) {
  const list = columns.map((column) => {
    const { column: from } = view.keys[spineColumns.indexOf(column)]!;
    return `${quoteIdentifier(from)} AS ${quoteIdentifier(column)}`;
  });
  const known = view.keys.map(({ column }) => `${quoteIdentifier(column)} IS NOT NULL`);
  const conditions = [`${quoteIdentifier(source.timestamp)} < ${literalTimestamp(to)}`, ...known];
  return `SELECT ${list.join(', ')} FROM (${rows}) WHERE ${conditions.join(' AND ')}`;
}

/** The views that read all columns that any view reads. */
function widestViews({ views, keyColumns }: FeaturePlan): readonly PlannedView[] {
  const refuse = (problem: string): AsofError =>
    new AsofError('USAGE', { problem: `${problem}; name the entities (a file, or a query as the spine)` });
  if (views.length === 0) throw refuse('no view is read, so there are no keys to find');
  const widest = views.filter(({ spineColumns }) => spineColumns.length === keyColumns.length);
  if (widest.length === 0) {
    const names = views.map(({ as, spineColumns }) => `${as} by ${spineColumns.join(', ')}`).join('; ');
    throw refuse(`the features are of several kinds of keys (${names}), and no view has them all`);
  }
  const computed = widest.find(({ view }) => view.sql !== undefined || view.map !== undefined);
  if (computed) throw refuse(`view ${computed.view.name} computes its rows, so its source does not hold its keys`);
  return widest;
}
