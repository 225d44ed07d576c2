/**
 * Window aggregates by cells: the requests stand in memory and cut the time of each key into cells; events stream past in any
 * order and each goes into the measures of its cell; a window is a run of cells. Nothing is sorted but the requests, and
 * memory holds cells, not events, however many events a key has. See ADR 0010.
 */
import type { ColumnBatch, Session } from '../../engine/engine.ts';
import { int64Numbers } from '../int64-numbers.ts';
import { ResultColumn } from '../sweep/result-column.ts';
import type { SweepPlan } from '../sweep/sweep-plan.ts';
import { requestsSql } from '../sweep/sweep-sql.ts';
import { CellBatch, columnOf } from './cell-batch.ts';
import { cellEventsSql } from './cells-sql.ts';
import { createWork, type CellWork } from './cell-work.ts';
import { cutCells, SortedRequestsBuilder, type RequestCells } from './request-cells.ts';

export interface CellSweep {
  readonly plan: SweepPlan;
  readonly events: string;
  readonly requests: string;
  /** The numbered keys of the requests, with `__first` and `__last`. */
  readonly keysTable: string;
  /** An existing table as `createResultSql` makes it. */
  readonly resultTable: string;
}

/**
 * Fills the result table, or gives false and leaves it empty where the rows have to be sorted after all: an integer beyond
 * 2^53, an instant whose microseconds no double holds, or, as known, a row that becomes known after a request that it
 * would count for.
 */
export async function sweepByCells(session: Session, sweep: CellSweep): Promise<boolean> {
  const { plan } = sweep;
  const builder = new SortedRequestsBuilder();
  await session.visit(requestsSql(sweep.keysTable, sweep.requests, plan), (batch) => builder.take(batch));
  const requests = builder.finish();
  if (!requests) return false;
  const windows = plan.groups.flatMap((group) => group.windows.map(({ window }) => window));
  const durations = windows.filter((window) => window.kind === 'duration');
  if (plan.delayMicros > MOST_MICROS || durations.some(({ micros }) => micros > MOST_MICROS)) return false;
  const cells = cutCells(requests, plan.delayMicros, durations);
  const work = createWork(cells, plan, durations);
  const taker = new BatchTaker(cells, plan, work);
  await session.visit(cellEventsSql(sweep.keysTable, sweep.events, plan, work.needs), (batch) => taker.take(batch));
  if (!taker.exact || !work.finish()) return false;
  const results = plan.features.map(({ type }) => new ResultColumn(type, requests.count));
  const leaks = work.answer(results);
  await session.append(sweep.resultTable, [
    { values: requests.row },
    ...results.map((result) => result.finish()),
    ...leaks.map((values) => ({ values })),
  ]);
  return true;
}

/** Durations up to it leave instants exact. */
const MOST_MICROS = 2 ** 52;

/** Finds the cell of each row of a batch and hands the batch to the groups. */
class BatchTaker {
  exact = true;
  readonly #plan: SweepPlan;
  readonly #work: CellWork;
  /** By cell the instant of the first request that counts it, in a sweep as known. */
  readonly #knownBy: Float64Array | undefined;
  #cells = new Int32Array(0);

  constructor(cells: RequestCells, plan: SweepPlan, work: CellWork) {
    this.#plan = plan;
    this.#work = work;
    this.#knownBy = plan.asKnown ? firstInstants(cells) : undefined;
  }

  take(source: ColumnBatch): void {
    if (!this.exact) return;
    const event = int64Numbers(columnOf(source, '__event')!.values as BigInt64Array);
    if (!event) {
      this.exact = false;
      return;
    }
    if (this.#cells.length < source.rows) this.#cells = new Int32Array(source.rows);
    const cells = this.#cells;
    this.#work.finder.find(source.rows, source.columns[0]!.values as Int32Array, event, cells);
    const batch = new CellBatch(event, {
      created: columnOf(source, '__created'),
      sequence: columnOf(source, '__seq'),
      inputs: this.#plan.inputs.map((_, index) => columnOf(source, `__input${index}`)!),
    });
    if (this.#knownBy && !this.#isTimely(batch, cells, this.#knownBy)) {
      this.exact = false;
      return;
    }
    this.#work.take(batch, cells, source);
  }

  /** Whether every row is known to every request that it counts for. */
  #isTimely(batch: CellBatch, cells: Int32Array, knownBy: Float64Array): boolean {
    const created = batch.created();
    if (!created) return false;
    for (let row = 0; row < batch.rows; row++) {
      const cell = cells[row]!;
      if (cell >= 0 && created[row]! > knownBy[cell]!) return false;
    }
    return true;
  }
}

function firstInstants({ requests, begins, all: { ends } }: RequestCells): Float64Array {
  const instants = new Float64Array(begins.at(-1)!).fill(Infinity);
  for (let key = 0; key + 1 < begins.length; key++) {
    let cell = begins[key]!;
    for (let request = requests.begins[key]!; request < requests.begins[key + 1]!; request++) {
      for (; cell < ends[request]!; cell++) instants[cell] = requests.at[request]!;
    }
  }
  return instants;
}
