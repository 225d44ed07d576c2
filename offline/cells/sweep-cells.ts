/**
 * Window aggregates by cells: the requests stand in memory and cut the time of each key into cells; events stream past in any
 * order and each goes into the measures of its cell; a window is a run of cells. Nothing is sorted but the requests, and
 * memory holds cells, not events, however many events a key has. See ADR 0010.
 */
import type { ColumnBatch, Session } from '../../engine/engine.ts';
import { quoteIdentifier } from '../../engine/sql.ts';
import { int64Numbers } from '../int64-numbers.ts';
import { ResultColumn } from '../sweep/result-column.ts';
import type { SweepPlan } from '../sweep/sweep-plan.ts';
import { requestsSql } from '../sweep/sweep-sql.ts';
import { CellBatch, columnOf } from './cell-batch.ts';
import { cellEventsSql } from './cells-sql.ts';
import { createWork, type CellWork } from './cell-work.ts';
import { placeTiles, type TileInput } from './place-tiles.ts';
import { RangeBatches, type RangeLimits } from '../range-batches.ts';
import { RequestSlotsBuilder } from '../request-slots.ts';
import { cutCells, sortRequests, type RequestCells } from './request-cells.ts';

export interface CellSweep {
  readonly plan: SweepPlan;
  readonly events: string;
  readonly requests: string;
  /** The numbered keys of the requests, with `__first` and `__last`. */
  readonly keysTable: string;
  /** To be read in place of rows where they can be; the plan's features all fit them. */
  readonly tiles?: TileInput | undefined;
  /** How rows are gathered before they are placed. Default: by the number of requests. */
  readonly ranges?: RangeLimits | undefined;
  /** An existing table as `createResultSql` makes it. */
  readonly resultTable: string;
}

/** What has to be answered from sorted rows after all. */
export type Unanswered =
  | { readonly kind: 'none' }
  /** The result table is empty. An integer beyond 2^53, or an instant whose microseconds no double holds. */
  | { readonly kind: 'all' }
  /** As known: keys with a row that becomes known only after the first request that it would count for. Their table is new. */
  | { readonly kind: 'keys'; readonly keysTable: string };

const ALL: Unanswered = { kind: 'all' };

/** Fills the result table, and says what it leaves out. */
export async function sweepByCells(session: Session, sweep: CellSweep): Promise<Unanswered> {
  const { plan } = sweep;
  const builder = new RequestSlotsBuilder();
  await session.visit(requestsSql(sweep.keysTable, sweep.requests, plan), (batch) => builder.take(batch));
  const requests = sortRequests(builder.finish());
  if (!requests) return ALL;
  const windows = plan.groups.flatMap((group) => group.windows.map(({ window }) => window));
  const durations = windows.filter((window) => window.kind === 'duration');
  if (plan.delayMicros > MOST_MICROS || durations.some(({ micros }) => micros > MOST_MICROS)) return ALL;
  const cells = cutCells(requests, plan.delayMicros, durations);
  const work = createWork(cells, plan, durations);
  const knownBy = plan.asKnown ? firstInstants(cells) : undefined;
  const taker = new BatchTaker(plan, work, knownBy, requests.begins.length - 1);
  const cutTable = `${sweep.resultTable}__cut`;
  const { keysTable, tiles } = sweep;
  const events = tiles
    ? await placeTiles(session, tiles, { cells, work, plan, keysTable, knownBy, cutTable })
    : sweep.events;
  if (events === undefined) return ALL;
  const batches = new RangeBatches(requests.begins, (batch) => taker.take(batch), sweep.ranges);
  await session.visit(cellEventsSql(keysTable, events, plan, work.needs), (batch) => batches.take(batch));
  batches.finish();
  if (tiles) await session.run(`DROP TABLE ${quoteIdentifier(cutTable)}`);
  if (!taker.exact || !work.finish()) return ALL;
  const results = plan.features.map(({ type }) => new ResultColumn(type, requests.count));
  const leaks = work.answer(results);
  await session.append(sweep.resultTable, [
    { values: requests.row },
    ...results.map((result) => result.finish()),
    ...leaks.map((values) => ({ values })),
  ]);
  const late = taker.lateKeys();
  return late.length === 0 ? { kind: 'none' } : giveBack(session, sweep, late);
}

/** Takes the requests of late keys out of the result. */
async function giveBack(session: Session, sweep: CellSweep, late: Int32Array): Promise<Unanswered> {
  const keysTable = `${sweep.resultTable}__late`;
  const numbers = `${keysTable}_numbers`;
  await session.run(`CREATE TEMP TABLE ${quoteIdentifier(numbers)} (__key INTEGER)`);
  await session.append(numbers, [{ values: late }]);
  await session.run(`CREATE TEMP TABLE ${quoteIdentifier(keysTable)} AS
SELECT * FROM ${quoteIdentifier(sweep.keysTable)} WHERE __key IN (SELECT __key FROM ${quoteIdentifier(numbers)})`);
  await session.run(`DELETE FROM ${quoteIdentifier(sweep.resultTable)}
WHERE __row IN (SELECT __row FROM (${requestsSql(keysTable, sweep.requests, sweep.plan)}))`);
  await session.run(`DROP TABLE ${quoteIdentifier(numbers)}`);
  return { kind: 'keys', keysTable };
}

/** Durations up to it leave instants exact. */
const MOST_MICROS = 2 ** 52;

/** Finds the cell of each row of a batch and hands the batch to the groups. */
class BatchTaker {
  exact = true;
  readonly #plan: SweepPlan;
  readonly #work: CellWork;
  /** By key. */
  readonly #late: Uint8Array;
  /** By cell the instant of the first request that counts it, in a sweep as known. */
  readonly #knownBy: Float64Array | undefined;
  #cells = new Int32Array(0);

  constructor(plan: SweepPlan, work: CellWork, knownBy: Float64Array | undefined, keys: number) {
    this.#plan = plan;
    this.#late = new Uint8Array(keys);
    this.#work = work;
    this.#knownBy = knownBy;
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
    if (this.#knownBy) this.#findLate(batch, cells, source.columns[0]!.values as Int32Array, this.#knownBy);
    this.#work.take(batch, cells, source);
  }

  lateKeys(): Int32Array {
    const keys: number[] = [];
    this.#late.forEach((late, key) => late === 1 && keys.push(key));
    return Int32Array.from(keys);
  }

  /** Marks the keys of rows that some request does not know though it would count them. */
  #findLate(batch: CellBatch, cells: Int32Array, keys: Int32Array, knownBy: Float64Array): void {
    const created = batch.created();
    if (!created) {
      this.exact = false;
      return;
    }
    for (let row = 0; row < batch.rows; row++) {
      const cell = cells[row]!;
      if (cell >= 0 && created[row]! > knownBy[cell]!) this.#late[keys[row]!] = 1;
    }
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
