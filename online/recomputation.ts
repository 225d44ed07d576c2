/** Served vectors once more, by the historical engine alone, among chosen rows. */
import type { SequenceRange } from '../contracts/lake.ts';
import type { TableCatalog } from '../catalog/catalog.ts';
import type { ServedRows, ServedSample } from '../contracts/consistency.ts';
import type { DefinitionRuntime, FeaturePlan, PlannedView } from '../contracts/plan.ts';
import { requireInstant } from '../contracts/time.ts';
import type { JsonValue } from '../contracts/values.ts';
import { cutRange, sequenceOf } from '../ingestion/topic-sequences.ts';
import { ROWS_OF_A_ROW } from '../offline/made-rows/map-rows.ts';
import { sourceTable } from '../offline/view-coverage.ts';
import type { LakeQuestion, LakeReader } from './lake-reader.ts';
import type { OnlineCell } from './online-cell.ts';
import { readVectorsFromLake } from './online-reads.ts';
import type { RequestColumns } from './read-request.ts';

export interface PlannedSample {
  readonly sample: ServedSample;
  readonly plan: FeaturePlan;
  readonly runtime: DefinitionRuntime;
}

export interface RecomputeDependencies {
  readonly project: string;
  readonly lake: LakeReader;
  readonly tables: Pick<TableCatalog, 'head' | 'topicPositions' | 'reserveSequences'>;
}

/**
 * The cells of a sample by the columns of its plan. `rowsOf` says which rows of a view count, null for all that have arrived until
 * now. Throws what the historical engine throws, `SNAPSHOT_EXPIRED` among it.
 */
export async function recompute(
  { project, lake, tables }: RecomputeDependencies,
  { sample, plan, runtime }: PlannedSample,
  rowsOf: (view: string) => ServedRows | null,
): Promise<readonly OnlineCell[]> {
  const failures: unknown[] = [];
  const read: LakeReader['read'] = async (question) => {
    try {
      const rows = rowsOf(question.view.view.name);
      return await lake.read(
        rows === null ? question : { ...question, ...(await amongRows(tables, project, question.view, rows)) },
      );
    } catch (error) {
      // an online read would call the values unavailable, and go on
      failures.push(error);
      throw error;
    }
  };
  const { features } = await readVectorsFromLake(
    { read },
    {
      ...{ plan, runtime, at: requireInstant(sample.at, 'at') },
      entities: columnsOf(sample.entities),
      request: columnsOf(sample.inputs),
    },
  );
  if (failures.length > 0) throw failures[0];
  const derived = new Set(plan.derived.map(({ as }) => as));
  return features.map(({ column, cells: [cell] }) =>
    // of a window the lake does not tell the newest row, nor of what is derived from it
    derived.has(column.as) ? { ...cell!, eventTimestamp: null } : cell!,
  );
}

/** Whether the lake has all rows of a topic up to these offsets. */
export async function haveLanded(
  { project, tables }: Pick<RecomputeDependencies, 'project' | 'tables'>,
  view: PlannedView,
  rows: ServedRows,
): Promise<boolean> {
  const { kind, topic } = topicOf(view);
  if (rows.kind !== 'offsets' || kind !== 'kafka') return true;
  const landed = await tables.topicPositions(sourceTable(project, view.source), topic);
  return rows.next.every(([partition, next]) => (landed.get(partition) ?? 0n) >= BigInt(next));
}

async function amongRows(
  tables: RecomputeDependencies['tables'],
  project: string,
  view: PlannedView,
  rows: ServedRows,
): Promise<Pick<LakeQuestion, 'snapshot' | 'among'>> {
  if (rows.kind === 'snapshot') {
    const { snapshot, dueTo } = rows;
    return { snapshot, ...(dueTo !== null && { among: { dueTo: requireInstant(dueTo, 'dueTo') } }) };
  }
  const snapshot = await tables.head(sourceTable(project, view.source));
  return { snapshot, among: { without: await sequencesFrom(tables, project, view, snapshot, new Map(rows.next)) } };
}

/** Of the messages at or after these offsets that are in the snapshot. */
async function sequencesFrom(
  tables: RecomputeDependencies['tables'],
  project: string,
  planned: PlannedView,
  snapshot: number,
  next: ReadonlyMap<number, string>,
): Promise<readonly SequenceRange[]> {
  const { topic } = topicOf(planned);
  const table = sourceTable(project, planned.source);
  const times = planned.view.rows?.kind === 'map' ? ROWS_OF_A_ROW : 1n;
  const found: SequenceRange[] = [];
  for (const [partition, landed] of await tables.topicPositions(table, topic, snapshot)) {
    const from = BigInt(next.get(partition) ?? 0);
    for (const part of cutRange({ topic, partition, from, to: landed }, landed)) {
      const start = await sequenceOf(tables, table, { topic, partition, offset: part.from });
      found.push({ start: start * times, end: (start + part.to - part.from) * times });
    }
  }
  return found;
}

function topicOf({ base, source }: PlannedView): { readonly kind: string; readonly topic: string } {
  const own = base ?? source;
  return { kind: own.kind, topic: own.kind === 'kafka' ? own.topic : '' };
}

function columnsOf(values: Readonly<Record<string, JsonValue>>): RequestColumns {
  return Object.fromEntries(Object.entries(values).map(([column, value]) => [column, [value]]));
}
