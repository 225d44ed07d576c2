/** Bins of a baseline, and rows in bins, by the engine. */
import type { BinnedRows, Bins, NumberBins, Tail } from '../../contracts/drift.ts';
import type { ColumnState } from '../../contracts/statistics.ts';
import type { EngineRow, EngineValue, Session } from '../../engine/engine.ts';
import { literalText, quoteIdentifier } from '../../engine/sql.ts';
import { distinctOf } from '../statistics/column-state.ts';
import { categorySql, finiteSql, isNumeric, type MeasuredColumn } from '../statistics/state-sql.ts';

/** Edges of a number: all values up to so many, otherwise as many quantiles and the least value. */
export const MOST_EDGES = 500;
const LISTED_CATEGORIES = 50;
const DECILES = 10;
/** Counted in one statement. */
const COLUMNS_AT_ONCE = 20;

/** Whether the drift of a column can be told: numbers, booleans, and texts that are not personal. */
export function hasDrift({ type, isPersonal }: MeasuredColumn): boolean {
  return isNumeric(type) || (!isPersonal && (type === 'string' || type === 'boolean'));
}

/** From a baseline's rows and its state of the column, which must have drift. */
export async function chooseBins(
  session: Session,
  relation: string,
  column: MeasuredColumn,
  state: ColumnState,
): Promise<Bins> {
  if (!isNumeric(column.type)) {
    return { kind: 'category', values: state.top.values.slice(0, LISTED_CATEGORIES).map(([value]) => value) };
  }
  const value = `(${finiteSql(quoteIdentifier(column.name), column.type)})::DOUBLE`;
  const isWhole = distinctOf(state) <= MOST_EDGES;
  const steps = Array.from({ length: MOST_EDGES + 1 }, (_, step) => step / MOST_EDGES);
  const [row = {}] = await session.rows(
    `SELECT quantile_disc(x, [${steps.join(', ')}]) AS quantiles${isWhole ? ', list(DISTINCT x) AS values' : ''}
     FROM (SELECT ${value} + 0.0 AS x FROM ${relation}) WHERE x IS NOT NULL`,
  );
  const quantiles = numbersOf(row['quantiles']);
  const edges = isWhole ? numbersOf(row['values']).toSorted((a, b) => a - b) : unique(quantiles);
  const step = MOST_EDGES / DECILES;
  const deciles = unique(quantiles.filter((_, index) => index % step === 0 && index > 0 && index < MOST_EDGES));
  return { kind: 'number', edges, isWhole, deciles };
}

/** By position the rows of columns in bins; each statement is one pass over 20 of them. */
export async function countBinned(
  session: Session,
  relation: string,
  columns: readonly { readonly column: MeasuredColumn; readonly bins: Bins }[],
): Promise<readonly BinnedRows[]> {
  const counted: BinnedRows[] = [];
  for (let start = 0; start < columns.length; start += COLUMNS_AT_ONCE) {
    const chosen = columns.slice(start, start + COLUMNS_AT_ONCE);
    const facts = chosen.flatMap(({ column, bins }, index) =>
      Object.entries(factsOf(column, bins)).map(([name, sql]) => `${sql} AS ${name}_${index}`),
    );
    const [row = {}] = await session.rows(`SELECT ${['count(*) AS rows', ...facts].join(', ')} FROM ${relation}`);
    counted.push(...chosen.map(({ bins }, index) => binnedRows(bins, row, index)));
  }
  return counted;
}

function factsOf({ name, type }: MeasuredColumn, bins: Bins): Readonly<Record<string, string>> {
  const column = quoteIdentifier(name);
  if (bins.kind === 'category') {
    const counts = bins.values.map((value) => `count(*) FILTER (${categorySql(column)} = ${literalText(value)})`);
    return { present: `count(${column})`, at: `[${counts.join(', ')}]::BIGINT[]` };
  }
  const value = type === 'float64' ? `CASE WHEN NOT isnan(${column}) THEN ${column} END` : `${column}::DOUBLE`;
  const { edges } = bins;
  if (edges.length === 0) return { present: `count(${value})` };
  const list = `'[${edges.join(', ')}]'::DOUBLE[]`;
  const finite = `(${finiteSql(column, type)})::DOUBLE`;
  const [below, above] = [`${finite} < '${edges[0]!}'::DOUBLE`, `${finite} > '${edges.at(-1)!}'::DOUBLE`];
  return {
    present: `count(${value})`,
    upto: `map_values(histogram(${value}, ${list}))`,
    at: `map_values(histogram_exact(${value}, ${list}))`,
    below: `count(*) FILTER (${below})`,
    mean_below: `favg(${finite}) FILTER (${below})`,
    above: `count(*) FILTER (${above})`,
    mean_above: `favg(${finite}) FILTER (${above})`,
  };
}

function binnedRows(bins: Bins, facts: EngineRow, index: number): BinnedRows {
  const fact = (name: string): EngineValue | undefined => facts[`${name}_${index}`];
  const rows = Number(facts['rows']);
  const present = Number(fact('present'));
  const at = numbersOf(fact('at'));
  const tail = (side: 'below' | 'above'): Tail => ({
    rows: Number(fact(side) ?? 0),
    mean: Number(fact(`mean_${side}`) ?? 0),
  });
  return {
    rows,
    missing: rows - present,
    cells:
      bins.kind === 'category' ? [...at, present - sum(at)] : numberCells(bins, numbersOf(fact('upto')), at, present),
    below: tail('below'),
    above: tail('above'),
  };
}

/** @param upto by edge the values above the edge before and not above it; without any value nothing at all */
function numberCells(
  { edges }: NumberBins,
  upto: readonly number[],
  at: readonly number[],
  present: number,
): readonly number[] {
  const cells = edges.flatMap((_, edge) => [(upto[edge] ?? 0) - (at[edge] ?? 0), at[edge] ?? 0]);
  return [...cells, present - sum(cells)];
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function unique(ascending: readonly number[]): readonly number[] {
  return ascending.filter((value, index) => index === 0 || value !== ascending[index - 1]);
}

function numbersOf(list: EngineValue | undefined): readonly number[] {
  return Array.isArray(list) ? list.map(Number) : [];
}
