/** One connection to DuckDB, used for one unit of work. */
import {
  BIGINT,
  BOOLEAN,
  DOUBLE,
  LIST,
  ResultReturnType,
  SQLNULL,
  VARCHAR,
  type DuckDBConnection,
  type DuckDBPreparedStatement,
  type DuckDBResult,
  type DuckDBType,
} from '@duckdb/node-api';
import { AsofError } from '../contracts/errors.ts';
import type { AppendColumn, ColumnBatch, EngineRow, EngineValue, Session } from './engine.ts';
import { engineError } from './engine-error.ts';
import { quoteIdentifier } from './sql.ts';
import { cellOf, readColumn } from './vector-reader.ts';
import { CHUNK_ROWS, duckValue, fillChunk } from './vector-writer.ts';

/** Rows fetched at once from a spooled result: a few of DuckDB's row groups. */
const PAGE_ROWS = 245_760;
/** An interrupt that arrives just before a statement starts is lost, so it is repeated until the statement ends. */
const INTERRUPT_EVERY_MILLIS = 20;

/** The engine keeps the reason to itself; others than these it gives. */
const CUT_SHORT = 'Out of Memory Error: memory, or room to spill, ran out in the middle of a result';

interface TimeLimit {
  readonly millis: number;
  readonly where: string;
  readonly signal: AbortSignal;
}

export class DuckDBSession implements Session {
  readonly #connection: DuckDBConnection;
  readonly #signal: AbortSignal | undefined;
  readonly #queryMillis: number;
  #limit: TimeLimit | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #spools = 0;

  constructor(connection: DuckDBConnection, signal: AbortSignal | undefined, queryMillis: number) {
    this.#connection = connection;
    this.#signal = signal;
    this.#queryMillis = queryMillis;
  }

  async run(sql: string, parameters: readonly EngineValue[] = []): Promise<void> {
    await this.#statement(sql, parameters, async () => undefined);
  }

  async rows(sql: string, parameters: readonly EngineValue[] = []): Promise<readonly EngineRow[]> {
    return this.#statement(sql, parameters, async (result) => {
      const rows: EngineRow[] = [];
      for await (const batch of batchesOf(result)) {
        for (let row = 0; row < batch.rows; row++) {
          rows.push(Object.fromEntries(batch.columns.map((column) => [column.name, cellOf(column, row)])));
        }
      }
      return rows;
    });
  }

  /**
   * A connection can hold one open result only: any other statement would silently cut it short. So the result is
   * spooled to a temporary table, which DuckDB bounds and spills like any other, and read page by page.
   */
  async *stream(sql: string, parameters: readonly EngineValue[] = []): AsyncGenerator<ColumnBatch> {
    const spool = quoteIdentifier(`__spool_${++this.#spools}`);
    await this.run(`CREATE TEMP TABLE ${spool} AS ${sql}`, parameters);
    try {
      for (let start = 0; ; start += PAGE_ROWS) {
        const page = `SELECT * FROM ${spool} WHERE rowid >= ${start} AND rowid < ${start + PAGE_ROWS}`;
        const result = await this.#statement(page, [], async (rows) => rows);
        let read = 0;
        for await (const batch of batchesOf(result)) {
          read += batch.rows;
          yield batch;
        }
        if (read < PAGE_ROWS) return;
      }
    } finally {
      if (!this.#signal?.aborted) await this.run(`DROP TABLE ${spool}`);
    }
  }

  async visit(sql: string, take: (batch: ColumnBatch) => void | Promise<void>): Promise<void> {
    await this.#statement(
      sql,
      [],
      async (result) => {
        for await (const batch of batchesOf(result)) await take(batch);
      },
      (prepared) => prepared.stream(),
    );
  }

  async limitTime<T>(
    { where, millis = this.#queryMillis }: { readonly millis?: number; readonly where: string },
    work: () => Promise<T>,
  ): Promise<T> {
    const ended = new AbortController();
    const timer = setTimeout(() => ended.abort(), millis);
    this.#limit = { where, millis, signal: ended.signal };
    try {
      return await work();
    } finally {
      clearTimeout(timer);
      this.#limit = undefined;
    }
  }

  async append(table: string, columns: readonly AppendColumn[]): Promise<void> {
    const total = columns[0]?.values.length ?? 0;
    await this.#exclusive(`append to ${table}`, async () => {
      const appender = await this.#connection.createAppender(table);
      const types = columns.map((_, index) => appender.columnType(index));
      for (let start = 0; start < total; start += CHUNK_ROWS) {
        appender.appendDataChunk(fillChunk(types, columns, start, Math.min(CHUNK_ROWS, total - start)));
      }
      appender.closeSync();
    });
  }

  /** Waits for the statement before, checks for cancellation, and gives every failure its code and place. */
  async #exclusive<T>(where: string, work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(async () => {
      if (this.#signal?.aborted) throw new AsofError('CANCELLED', { where });
      const limit = this.#limit;
      if (limit?.signal.aborted) throw tookTooLong(limit);
      const stopInterrupting = this.#interruptOnAbort();
      try {
        return await work();
      } catch (error) {
        if (limit?.signal.aborted && !this.#signal?.aborted) throw tookTooLong(limit, error);
        throw engineError(error, where, this.#signal);
      } finally {
        stopInterrupting();
      }
    });
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  #interruptOnAbort(): () => void {
    const signals = [this.#signal, this.#limit?.signal].filter((signal) => signal !== undefined);
    let timer: NodeJS.Timeout | undefined;
    const interrupt = (): void => {
      clearTimeout(timer);
      this.#connection.interrupt();
      timer = setTimeout(interrupt, INTERRUPT_EVERY_MILLIS);
    };
    for (const signal of signals) signal.addEventListener('abort', interrupt, { once: true });
    return () => {
      for (const signal of signals) signal.removeEventListener('abort', interrupt);
      clearTimeout(timer);
    };
  }

  async #statement<T>(
    sql: string,
    parameters: readonly EngineValue[],
    read: (result: DuckDBResult) => Promise<T>,
    start: (prepared: DuckDBPreparedStatement) => Promise<DuckDBResult> = (prepared) => prepared.run(),
  ): Promise<T> {
    return this.#exclusive(headOf(sql), async () => {
      const statements = await this.#connection.extractStatements(sql);
      if (statements.count !== 1) throw new Error('expected exactly one statement');
      const prepared = await statements.prepare(0);
      try {
        parameters.forEach((value, index) => bindParameter(prepared, index + 1, value));
        return await read(await start(prepared));
      } finally {
        prepared.destroySync();
      }
    });
  }
}

/** The next chunk is fetched while the reader works on this one. */
async function* batchesOf(result: DuckDBResult): AsyncGenerator<ColumnBatch> {
  const names = result.deduplicatedColumnNames();
  const fetch = (): ReturnType<DuckDBResult['fetchChunk']> => {
    const fetched = result.fetchChunk();
    // a failure is reported to whoever awaits it, which may be later than its promise would wait for
    fetched.catch(() => undefined);
    return fetched;
  };
  let next = fetch();
  try {
    for (;;) {
      const chunk = await next;
      if (chunk === null || chunk.rowCount === 0) {
        // a result whose rest could not be made ends like any other, and only this tells
        if (result.returnType === ResultReturnType.INVALID) throw new Error(CUT_SHORT);
        return;
      }
      next = fetch();
      yield { rows: chunk.rowCount, columns: names.map((name, index) => readColumn(chunk, index, name)) };
    }
  } finally {
    // a reader that stops early leaves a fetch under way, and its statement has not ended before that
    await next.catch(() => undefined);
  }
}

function bindParameter(prepared: DuckDBPreparedStatement, index: number, value: EngineValue): void {
  const type = parameterType(value);
  prepared.bindValue(index, duckValue(value, type), type);
}

function parameterType(value: EngineValue): DuckDBType {
  switch (typeof value) {
    case 'string':
      return VARCHAR;
    case 'bigint':
      return BIGINT;
    case 'number':
      return DOUBLE;
    case 'boolean':
      return BOOLEAN;
    default:
      return value === null ? SQLNULL : LIST(parameterType(value.find((item) => item !== null) ?? null));
  }
}

const HEAD_LENGTH = 80;

/** The beginning of a statement: what an error message calls it. */
function headOf(sql: string): string {
  const text = sql.trim().replace(/\s+/g, ' ');
  return text.length > HEAD_LENGTH ? `${text.slice(0, HEAD_LENGTH)} …` : text;
}

function tookTooLong({ where, millis }: TimeLimit, cause?: unknown): AsofError {
  const problem =
    `it ran for longer than ${millis / 1000} s and was stopped; read less, group and filter earlier, or raise` +
    ' ASOF_QUERY_TIMEOUT';
  return new AsofError('LIMIT_EXCEEDED', { where, problem }, cause);
}
