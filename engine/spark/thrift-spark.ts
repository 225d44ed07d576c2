/** Spark through its Thrift server, by the protocol of HiveServer2. */
import { setTimeout as sleep } from 'node:timers/promises';
import { AsofError } from '../../contracts/errors.ts';
import { parseSparkUrl, type SparkAddress } from './address.ts';
import { connectSpark, OPERATION_STATES, textOf, type HiveOperation, type SparkConnection } from './connection.ts';
import type { Spark, SparkSession } from './spark.ts';

/**
 * What our SQL is written for, whatever the server's own settings are. Missing or broken files must fail: fewer rows would be
 * wrong values.
 */
const SESSION_SETTINGS: Readonly<Record<string, string>> = {
  'spark.sql.variable.substitute': 'false',
  'spark.sql.session.timeZone': 'UTC',
  'spark.sql.caseSensitive': 'true',
  'spark.sql.ansi.enabled': 'true',
  'spark.sql.ansi.enforceReservedKeywords': 'false',
  'spark.sql.parser.escapedStringLiterals': 'false',
  'spark.sql.parser.quotedRegexColumnNames': 'false',
  'spark.sql.files.ignoreMissingFiles': 'false',
  'spark.sql.files.ignoreCorruptFiles': 'false',
  'spark.sql.legacy.statisticalAggregate': 'false',
  // it reads a null vector of DuckDB's as one with nulls, and every vector after it as another
  'spark.sql.parquet.enableNestedColumnVectorizedReader': 'false',
};

/** How long Spark is given to end a statement that was cancelled. */
const CANCEL_MILLIS = 15_000;
const POLL_MILLIS = { first: 20, most: 1000 };

/** Connects for each session. Throws `USAGE` for an address that is none. */
export function openSpark(url: string): Spark {
  const address = parseSparkUrl(url);
  return {
    url: address.shown,
    async session(work, signal) {
      requireGoing(signal, address);
      const connection = await connectSpark(address, SESSION_SETTINGS);
      try {
        return await work(new ThriftSession(connection, address, signal));
      } finally {
        await connection.close();
      }
    },
  };
}

class ThriftSession implements SparkSession {
  readonly #connection: SparkConnection;
  readonly #address: SparkAddress;
  readonly #signal: AbortSignal | undefined;

  constructor(connection: SparkConnection, address: SparkAddress, signal: AbortSignal | undefined) {
    this.#connection = connection;
    this.#address = address;
    this.#signal = signal;
  }

  async run(sql: string, onWait?: () => void): Promise<void> {
    await this.#statement(sql, onWait, async () => undefined);
  }

  async rows(sql: string): Promise<readonly Readonly<Record<string, string | null>>[]> {
    const rows = await this.#statement(sql, undefined, (operation) => this.#connection.fetch(operation));
    return rows.map((row) =>
      Object.fromEntries(
        Object.entries(row).map(([name, value]) => [name, value === null ? null : String(value as string)]),
      ),
    );
  }

  async #statement<T>(
    sql: string,
    onWait: (() => void) | undefined,
    read: (operation: HiveOperation) => Promise<T>,
  ): Promise<T> {
    requireGoing(this.#signal, this.#address);
    const { session, call } = this.#connection;
    const operation = await this.#answered(call(session.executeStatement(sql, { runAsync: true })));
    try {
      await this.#wait(operation, onWait);
      return await this.#answered(read(operation));
    } finally {
      await call(operation.close()).catch(() => undefined);
    }
  }

  /** Until the statement has ended; throws unless it has ended well. */
  async #wait(operation: HiveOperation, onWait: (() => void) | undefined): Promise<void> {
    const { call } = this.#connection;
    let giveUpAt: number | undefined;
    for (let pause = POLL_MILLIS.first; ; pause = Math.min(pause * 2, POLL_MILLIS.most)) {
      if (this.#signal?.aborted && giveUpAt === undefined) {
        giveUpAt = Date.now() + CANCEL_MILLIS;
        await this.#answered(call(operation.cancel()));
      }
      const { operationState, errorMessage } = await this.#answered(call(operation.status(false)));
      switch (operationState) {
        case OPERATION_STATES.FINISHED_STATE:
          // what was cancelled too late has still been cancelled
          return requireGoing(this.#signal, this.#address);
        case OPERATION_STATES.CANCELED_STATE:
        case OPERATION_STATES.CLOSED_STATE:
          requireGoing(this.#signal, this.#address);
          throw this.#failed('the statement was cancelled by somebody else');
        case OPERATION_STATES.ERROR_STATE:
        case OPERATION_STATES.TIMEDOUT_STATE:
        case OPERATION_STATES.UKNOWN_STATE:
          requireGoing(this.#signal, this.#address);
          throw this.#failed(withoutFrames(errorMessage ?? 'the server does not say why'));
        default:
          break;
      }
      if (giveUpAt !== undefined && Date.now() >= giveUpAt) requireGoing(this.#signal, this.#address);
      onWait?.();
      await sleep(pause, undefined, giveUpAt === undefined && this.#signal ? { signal: this.#signal } : {}).catch(
        () => undefined,
      );
    }
  }

  /** What the server answers to a call itself, beside the failure of a statement. */
  async #answered<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      throw error instanceof AsofError ? error : this.#failed(textOf(error), error);
    }
  }

  #failed(problem: string, cause?: unknown): AsofError {
    return new AsofError('SPARK_FAILED', { address: this.#address.shown, problem }, cause);
  }
}

function requireGoing(signal: AbortSignal | undefined, { shown }: SparkAddress): void {
  if (signal?.aborted) throw new AsofError('CANCELLED', { where: `Spark at ${shown}` });
}

/** The error's own words and its causes: what Java was doing meanwhile would push them out of the message. */
function withoutFrames(text: string): string {
  return text
    .split('\n')
    .filter((line) => !/^\s+(at |\.\.\. \d+ more)/.test(line))
    .join('\n');
}

/** The server's version, to see that it works. Throws `SPARK_UNAVAILABLE` and `SPARK_FAILED`. */
export async function askSparkVersion(spark: Spark): Promise<string> {
  const [row] = await spark.session((session) => session.rows('SELECT version() AS version'));
  return row?.['version'] ?? '';
}
