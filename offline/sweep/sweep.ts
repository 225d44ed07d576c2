/**
 * Window aggregates by one sweep over the sorted events of each key. DuckDB sorts, JavaScript sweeps: see ADR 0003 for why.
 * Time is O((events + requests) · log events) whatever the windows and the skew; memory holds one block of events (a key's
 * events and used columns, when it has more than a block) and one piece of requests with their answers.
 */
import { quoteIdentifier } from '../../engine/sql.ts';
import type { PlannedView } from '../../contracts/plan.ts';
import type { Session } from '../../engine/engine.ts';
import { splitPlan } from '../cells/cell-plan.ts';
import type { TileInput } from '../cells/place-tiles.ts';
import { sweepByCells, type Unanswered } from '../cells/sweep-cells.ts';
import { createKeysSql } from '../key-numbers.ts';
import type { RangeLimits } from '../range-batches.ts';
import { chooseTiles, type TileEstimate } from '../tiles/choose-tiles.ts';
import { evaluateBlock } from './evaluate-block.ts';
import { emptyBlock, readBlocks, type EventBlock } from './event-block.ts';
import { RequestReader } from './request-block.ts';
import { planSweep, type SweepPlan } from './sweep-plan.ts';
import { createSinceSql } from './sweep-keys-sql.ts';
import { addLeaksSql, createResultSql, eventsSql, joinResultsSql, requestsSql } from './sweep-sql.ts';

export interface AggregateSweep {
  readonly view: PlannedView;
  /**
   * A SELECT of the view's rows: its key columns by name, `__event` TIMESTAMP, `__created` TIMESTAMP (null where the row has
   * none; not read when the source has none), `__seq` BIGINT, and the columns that features and filters use.
   */
  readonly events: string;
  /** Whether events have `__until` BIGINT: the microseconds from which a row does not count any more, null for good. */
  readonly hasUntil?: boolean;
  /** A SELECT of the requests: `__row` BIGINT, the key columns, none null, and `__at` TIMESTAMP. Both are read twice. */
  readonly requests: string;
  /** Whether only rows created at or before q count. A view that says so itself needs no wish. */
  readonly asKnown: boolean;
  /** Tiles that may stand for rows, and the wish of the request. */
  readonly tiles?: SweepTiles | undefined;
  /** The temporary table to create. */
  readonly resultTable: string;
  /** Called with the number of requests answered so far. */
  readonly onProgress?: (rows: number) => void;
}

export interface SweepTiles extends TileInput {
  readonly estimate: TileEstimate;
  /** True forces them, false forbids them. Default: where they pay. */
  readonly wish: boolean | undefined;
}

/** What is in memory at once. */
export interface SweepLimits {
  /** Events in a block, at least; a key with more is a block alone. */
  readonly blockRows: number;
  /** Requests answered together, at most. A block whose keys have more is swept again for the rest. */
  readonly pieceRows: number;
  /** False to sort the rows of every feature. @default true */
  readonly cells?: boolean;
  /** How rows of cells are gathered. Default: by the number of requests. */
  readonly ranges?: RangeLimits;
}

const LIMITS: SweepLimits = { blockRows: 65_536, pieceRows: 131_072 };

/**
 * Computes the aggregate features of a view for each request. The result table has `__row`, a column for each feature (null
 * for an empty window, 0 for a count) and `__leak_<feature>`: whether any row of the window was created after q, null when
 * the source does not say. Every request has one row, in no particular order.
 *
 * Throws `INTEGER_OVERFLOW` when an integer sum leaves the range of int64.
 */
export async function computeAggregates(
  session: Session,
  sweep: AggregateSweep,
  limits: SweepLimits = LIMITS,
): Promise<void> {
  const plan = planSweep(sweep.view, { asKnown: sweep.asKnown, hasUntil: sweep.hasUntil ?? false });
  const asked = `${sweep.resultTable}__asked`;
  await session.run(createKeysSql(asked, sweep.requests, plan.keys));
  const count = Number((await session.rows(`SELECT count(*) AS n FROM (${sweep.requests})`))[0]!['n']);
  const { use } = chooseTiles(plan, sweep.tiles?.estimate, sweep.tiles?.wish);
  const isSorted = limits.cells === false || plan.hasUntil;
  const split = isSorted ? { sorted: plan } : splitPlan(plan, count, use);
  const parts: string[] = [];
  for (const [name, part] of Object.entries<SweepPlan | undefined>({ ...split })) {
    if (!part) continue;
    const whole = part === plan;
    const table = whole ? sweep.resultTable : `${sweep.resultTable}__${name}`;
    await session.run(createResultSql(table, part));
    const input = { ...sweep, resultTable: table };
    const tiles = name === 'tiles' ? sweep.tiles : undefined;
    const left: Unanswered =
      name === 'sorted'
        ? { kind: 'all' }
        : await sweepByCells(session, { ...input, tiles, plan: part, keysTable: asked, ranges: limits.ranges });
    if (left.kind === 'all') await sweepSorted(session, input, part, asked, limits);
    if (left.kind === 'keys') {
      await sweepSorted(session, input, part, left.keysTable, limits);
      await session.run(`DROP TABLE ${quoteIdentifier(left.keysTable)}`);
    }
    if (!whole) parts.push(table);
  }
  if (parts.length > 0) await session.run(joinResultsSql(sweep.resultTable, plan, parts));
  for (const sql of addLeaksSql(sweep.resultTable, plan)) await session.run(sql);
  sweep.onProgress?.(count);
  for (const table of [asked, ...parts]) await session.run(`DROP TABLE ${quoteIdentifier(table)}`);
}

/** Fills the result table by a sweep over the sorted rows of each key. */
async function sweepSorted(
  session: Session,
  sweep: AggregateSweep,
  plan: SweepPlan,
  asked: string,
  { blockRows, pieceRows }: SweepLimits,
): Promise<void> {
  const keys = `${sweep.resultTable}__keys`;
  await session.run(createSinceSql(keys, asked, sweep.events, plan));
  const requests = new RequestReader(session.stream(requestsSql(keys, sweep.requests, plan)), pieceRows);
  let answered = 0;
  const answer = async (block: EventBlock, lastKey: number): Promise<void> => {
    for (let piece = await requests.take(lastKey); piece; piece = await requests.take(lastKey)) {
      await session.append(sweep.resultTable, await evaluateBlock(block, piece, plan));
      answered += piece.count;
      sweep.onProgress?.(answered);
    }
  };
  try {
    for await (const block of readBlocks(session.stream(eventsSql(keys, sweep.events, plan)), plan, blockRows)) {
      await answer(block, block.keys.at(-1)!);
    }
    await answer(emptyBlock(plan), Number.MAX_SAFE_INTEGER);
  } finally {
    await requests.close();
  }
  await session.run(`DROP TABLE ${quoteIdentifier(keys)}`);
}
