/** A small world: one feature view, rows of its source, and requests. What the oracle answers and the product must too. */
import type {
  AggregateFeatureManifest,
  AggregateFunction,
  ColumnFeatureManifest,
  FileSourceManifest,
  FeatureManifest,
  FeatureViewManifest,
  WhereManifest,
  WindowManifest,
} from '../../contracts/manifest.ts';
import type { PlannedView } from '../../contracts/plan.ts';
import type { Micros } from '../../contracts/time.ts';
import type { JsonValue, StoredType } from '../../contracts/values.ts';
import type { EngineValue } from '../../engine/engine.ts';

export interface World {
  readonly planned: PlannedView;
  readonly asKnown: boolean;
  readonly rows: readonly WorldRow[];
  readonly requests: readonly WorldRequest[];
}

export interface WorldRow {
  /** By position the view's keys. */
  readonly keys: readonly EngineValue[];
  readonly event: Micros;
  readonly created: Micros | null;
  readonly sequence: bigint;
  readonly values: Readonly<Record<ValueColumn, EngineValue>>;
}

export interface WorldRequest {
  readonly keys: readonly EngineValue[];
  readonly at: Micros;
}

/** The value columns of every world's source. */
export const VALUE_COLUMNS = {
  amount: 'int64',
  price: 'float64',
  label: 'string',
  flag: 'boolean',
  seen: 'timestamp',
  vector: 'float32[2]',
} as const satisfies Readonly<Record<string, StoredType>>;
export type ValueColumn = keyof typeof VALUE_COLUMNS;

/** The keys of every world's view: text with any character in it, and an integer of any size. */
export const KEY_COLUMNS = { name: 'string', code: 'int64' } as const satisfies Readonly<Record<string, StoredType>>;

export interface ViewOptions {
  readonly mode: FeatureViewManifest['mode'];
  readonly ttlMicros: number | null;
  readonly delayMicros: number;
  readonly hasCreated: boolean;
  readonly features: readonly FeatureManifest[];
  /** The column that says which rows are the same event. @default null */
  readonly eventId?: ValueColumn | null;
  /** The column that says which rows are deletes. @default null */
  readonly operation?: ValueColumn | null;
}

export function planView({
  mode,
  ttlMicros,
  delayMicros,
  hasCreated,
  features,
  eventId = null,
  operation = null,
}: ViewOptions): PlannedView {
  const keys = Object.entries(KEY_COLUMNS).map(([name, type]) => ({ name, type, column: name }));
  return {
    kind: 'feature',
    as: 'world',
    source: source(hasCreated, eventId, operation),
    spineColumns: keys.map(({ name }) => name),
    features,
    view: {
      kind: 'feature',
      name: 'world',
      fingerprint: 'world',
      entities: ['thing'],
      keys,
      source: 'rows',
      mode,
      ttlMicros,
      delayMicros,
      asKnown: false,
      online: false,
      offline: true,
      features,
      options: { freshnessMicros: null, schedule: null, engine: 'auto', cacheMicros: null, expectations: [] },
    },
  };
}

function source(hasCreated: boolean, eventId: string | null, operation: string | null): FileSourceManifest {
  const columns = { ...KEY_COLUMNS, ...VALUE_COLUMNS, happened: 'timestamp', loaded: 'timestamp' } as const;
  return {
    kind: 'file',
    name: 'rows',
    fingerprint: 'rows',
    path: '/rows.parquet',
    format: 'parquet',
    columns: Object.entries(columns).map(([name, type]) => ({ name, type, from: name })),
    timestamp: 'happened',
    created: hasCreated ? 'loaded' : null,
    eventId,
    operation,
    primaryKey: [],
    timezone: null,
    allowedLatenessMicros: null,
    schedule: null,
    contract: { columns: 'evolve', types: 'freeze' },
    expectations: [],
  };
}

const UNTRANSFORMED = { featureType: 'numeric', pii: false, transform: null } as const;

export function columnFeature(column: ValueColumn, fallback: JsonValue): ColumnFeatureManifest {
  return {
    ...UNTRANSFORMED,
    kind: 'column',
    name: `f_${column}`,
    column,
    valueType: VALUE_COLUMNS[column],
    default: fallback,
  };
}

export function aggregateFeature(
  name: string,
  feature: {
    readonly function: AggregateFunction;
    readonly column: ValueColumn | null;
    readonly window: WindowManifest;
    readonly where: readonly WhereManifest[];
    readonly quantile?: number;
    readonly limit?: number;
  },
): AggregateFeatureManifest {
  return {
    ...UNTRANSFORMED,
    ...feature,
    kind: 'aggregate',
    name,
    valueType: valueType(feature.function, feature.column),
    default: null,
    maxEvents: 10_000,
  };
}

function valueType(name: AggregateFunction, column: ValueColumn | null): StoredType {
  if (name === 'count' || name === 'approxCountDistinct' || column === null) return 'int64';
  if (['mean', 'stddev', 'variance', 'approxQuantile'].includes(name)) return 'float64';
  const type = VALUE_COLUMNS[column];
  return name === 'lastN' || name === 'collectDistinct' ? (`${type}[]` as StoredType) : type;
}
