/** The columns of the rows that a view's `sql` or `map` makes. */
import { types } from 'node:util';
import type { ColumnManifest, StoredSourceManifest, ViewRowsManifest } from '../../contracts/manifest.ts';
import type { FeatureType, StoredType } from '../../contracts/values.ts';
import { queryShape } from '../query-shape.ts';
import { isColumnType, typeAdvice, type Columns } from './columns.ts';
import { derivedValueType } from './feature-types.ts';
import { isRecord, show, type OptionReader } from './option-reader.ts';

export interface MadeRows {
  /** Undefined for a view over the source's own rows. */
  readonly kind: ViewRowsManifest['kind'] | undefined;
  /** What features may read. */
  readonly columns: Columns;
}

/**
 * The columns that features may read: of the source, under what `schema` declares, and for a column that neither knows, what
 * the feature that reads it holds.
 */
export function normalizeMadeRows(options: OptionReader, source: StoredSourceManifest): MadeRows {
  const own: Columns = new Map(source.columns.map((column) => [column.name, column]));
  const { place } = options;
  const sql = options.text('sql');
  const map = options.get('map');
  if (map !== undefined && typeof map !== 'function') place.in('map').report(`${show(map)} is no function`, 'give one');
  if (types.isAsyncFunction(map) || types.isGeneratorFunction(map)) {
    place.in('map').report('it does not return its rows at once', 'write a plain synchronous function');
  }
  if (sql !== null && map !== undefined) place.in('map').report('the view has sql as well', 'give one of both');
  const declared = declaredColumns(options);
  if (sql === null && map === undefined) {
    if (declared.length > 0) place.in('schema').report('the view makes no rows', 'declare columns in the source');
    return { kind: undefined, columns: own };
  }
  const columns = new Map(own);
  for (const column of impliedColumns(options)) if (!own.has(column.name)) columns.set(column.name, column);
  for (const column of declared) columns.set(column.name, column);
  if (sql === null) return { kind: 'map', columns };
  const { rowByRow } = queryShape(sql, source.name, source.timestamp);
  return { kind: rowByRow ? 'rows' : 'query', columns };
}

/** Of those columns the ones that the view reads: keys, time and features; in order of their names. */
export function madeRows(
  { kind, columns }: MadeRows,
  source: StoredSourceManifest,
  used: readonly string[],
): ViewRowsManifest | undefined {
  if (kind === undefined) return undefined;
  const names = [...new Set([source.timestamp, ...used])].sort();
  const found = names.flatMap((name) => columns.get(name) ?? timeColumn(name, source));
  return { kind, columns: found.map(({ name, type }) => ({ name, type, from: name })) };
}

function timeColumn(name: string, source: StoredSourceManifest): readonly ColumnManifest[] {
  return name === source.timestamp ? [{ name, type: 'timestamp', from: name }] : [];
}

function declaredColumns(options: OptionReader): readonly ColumnManifest[] {
  return Object.entries(options.record('schema')).flatMap(([name, type]) => {
    if (isColumnType(type) && !type.startsWith('timestamp[')) return [{ name, type, from: name }];
    options.place.in(`schema ${name}`).report(`${show(type)} is not a column type`, typeAdvice(type));
    return [];
  });
}

/** An aggregate says less of its column than a feature type does, so only numbers are taken for granted. */
const NUMBER_AGGREGATES = ['sum', 'mean', 'stddev', 'variance', 'approxQuantile'];

function impliedColumns(options: OptionReader): readonly ColumnManifest[] {
  return Object.entries(options.record('features')).flatMap(([name, feature]) => {
    if (!isRecord(feature)) return [];
    const given = isRecord(feature.options) ? feature.options : {};
    if (feature.feature === 'column') {
      const type = derivedValueType(feature.type as FeatureType, feature.size as number | undefined);
      return column(typeof given.column === 'string' ? given.column : name, type);
    }
    return NUMBER_AGGREGATES.includes(String(feature.function)) ? column(String(feature.column), 'float64') : [];
  });
}

function column(name: string, type: StoredType | undefined): readonly ColumnManifest[] {
  return type === undefined ? [] : [{ name, type, from: name }];
}
