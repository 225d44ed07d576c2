/** The way from an online read to the historical engine, for instants that the online state does not answer. */
import type { Catalog } from '../catalog/catalog.ts';
import type { DefinitionRuntime, PlannedView } from '../contracts/plan.ts';
import { SEQUENCE_COLUMN, type SequenceRange } from '../contracts/lake.ts';
import type { Micros } from '../contracts/time.ts';
import type { FeatureStatus } from '../contracts/values.ts';
import { isPlainNumber } from '../definitions/normalization/feature-types.ts';
import type { Engine, EngineValue } from '../engine/engine.ts';
import { quoteIdentifier, sqlType } from '../engine/sql.ts';
import type { Lake } from '../lake/lake.ts';
import { withLakeWork } from '../lake/lake-work.ts';
import { toTypeScript } from '../offline/typescript-values.ts';
import { sourceTable } from '../offline/view-coverage.ts';
import { openViewEvents, type ViewEvents } from '../offline/view-events.ts';
import { computeViewFeatures, viewFeatureSql } from '../offline/view-features.ts';
import { dueRows } from './due-rows.ts';
import type { EntityKey } from './entity-key.ts';
import type { OnlineCell } from './online-cell.ts';
import type { ReadDeadline } from './read-deadline.ts';

export interface LakeReader {
  /** The cells of each key at `at`, by the features of the planned view. Keys hold no nulls. */
  read(request: LakeQuestion): Promise<readonly (readonly OnlineCell[])[]>;
}

export interface LakeQuestion {
  readonly view: PlannedView;
  readonly keys: readonly EntityKey[];
  readonly at: Micros;
  /** By key, in place of `at`, which none is later than. */
  readonly instants?: readonly Micros[];
  /** Of the view's source. Default: the newest. */
  readonly snapshot?: number;
  /** Rows of the snapshot that count. Default: all. */
  readonly among?: CountedRows;
  /** Needed for views with a `map`. */
  readonly runtime?: DefinitionRuntime | undefined;
  /** Interrupts the engine when it passes. */
  readonly deadline?: ReadDeadline | undefined;
}

export interface CountedRows {
  /** Those that were due by then. */
  readonly dueTo?: Micros;
  /** None of these sequences. */
  readonly without?: readonly SequenceRange[];
}

export interface LakeReaderDependencies {
  readonly project: string;
  readonly catalog: Pick<Catalog, 'tables' | 'intervals' | 'work'>;
  readonly lake: Lake;
  readonly engine: Engine;
}

/** Reads a snapshot as the historical engine does, so that both ways agree. */
export function createLakeReader({ project, catalog, lake, engine }: LakeReaderDependencies): LakeReader {
  return {
    read: ({ view: planned, keys, at, instants, snapshot: named, among, runtime, deadline }) =>
      withLakeWork(catalog.work, project, async () => {
        const { view, source } = planned;
        const snapshot = named ?? (await catalog.tables.head(sourceTable(project, source)));
        const requestKeys = view.keys.map((_, index) => `key_${index}`);
        return engine.session(async (session) => {
          const events = await openViewEvents(
            { lake, ...catalog },
            { project, view, source, base: planned.base, snapshot, range: { to: at + 1n } },
            { session, runtime },
          );
          const columns = view.keys.map(({ type }, index) => `${requestKeys[index]} ${sqlType(type)}`);
          await session.run(`CREATE TEMP TABLE requests (__row BIGINT, ${columns.join(', ')}, __at TIMESTAMP)`);
          await session.append('requests', [
            { values: keys.map((_, row) => BigInt(row)) },
            ...view.keys.map((_, index) => ({ values: keys.map((key) => key[index]!) })),
            { values: instants ?? keys.map(() => at) },
          ]);
          await computeViewFeatures(session, {
            planned,
            events: among === undefined ? events : countedEvents(planned, events, among),
            requests: 'requests',
            requestKeys,
            asKnown: view.asKnown,
            resultTable: 'result',
          });
          const rows = await session.rows(selectCells(planned));
          return rows.map((row) => planned.features.map((_, index) => readCell(planned, index, row)));
        }, deadline?.signal);
      }),
  };
}

/** Without tiles, which stand for all rows of their time. */
function countedEvents(
  { view, source }: PlannedView,
  events: ViewEvents,
  { dueTo, without = [] }: CountedRows,
): ViewEvents {
  const sequence = quoteIdentifier(SEQUENCE_COLUMN);
  const others = without.map(({ start, end }) => `NOT (${sequence} >= ${start} AND ${sequence} < ${end})`);
  return (columns) => {
    const rows = dueTo === undefined ? events(columns) : dueRows(events(columns), { view, source }, { to: dueTo });
    return others.length === 0 ? rows : `SELECT * FROM (${rows}) WHERE ${others.join(' AND ')}`;
  };
}

function selectCells(planned: PlannedView): string {
  const features = viewFeatureSql(planned, 'f').map(
    ({ value, status }, index) => `${value} AS value_${index}, ${status} AS status_${index}`,
  );
  const event = planned.view.mode === 'asof' ? 'f.__event_micros' : 'NULL::BIGINT';
  return `SELECT ${event} AS event, ${features.join(', ')}
FROM requests q LEFT JOIN ${quoteIdentifier('result')} f USING (__row) ORDER BY q.__row`;
}

function readCell({ features }: PlannedView, index: number, row: Readonly<Record<string, EngineValue>>): OnlineCell {
  const feature = features[index]!;
  const status = row[`status_${index}`] as FeatureStatus;
  return {
    value: toTypeScript(row[`value_${index}`]!, feature.valueType, isPlainNumber(feature)),
    status,
    eventTimestamp: row['event'] as Micros | null,
    servedFrom: status === 'DEFAULT' ? 'default' : 'lake',
  };
}
