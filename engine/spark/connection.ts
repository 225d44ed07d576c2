/** One connection to a Thrift server. A call on a connection that breaks fails, rather than wait for ever. */
import { setTimeout as sleep } from 'node:timers/promises';
import hive from 'hive-driver';
import { AsofError } from '../../contracts/errors.ts';
import type { SparkAddress } from './address.ts';

/** What is used of the protocol's constants, which the driver leaves untyped. */
interface ProtocolTypes {
  readonly TProtocolVersion: { readonly HIVE_CLI_SERVICE_PROTOCOL_V10: number };
  readonly TOperationState: Readonly<
    Record<
      'FINISHED_STATE' | 'CANCELED_STATE' | 'CLOSED_STATE' | 'ERROR_STATE' | 'TIMEDOUT_STATE' | 'UKNOWN_STATE',
      number
    >
  >;
}

const { TCLIService, TCLIService_types: TYPES } = hive.thrift as {
  readonly TCLIService: object;
  readonly TCLIService_types: ConstructorParameters<typeof hive.HiveClient>[1] & ProtocolTypes;
};

export type HiveSession = Awaited<ReturnType<InstanceType<typeof hive.HiveClient>['openSession']>>;
export type HiveOperation = Awaited<ReturnType<HiveSession['executeStatement']>>;

export const OPERATION_STATES: ProtocolTypes['TOperationState'] = (TYPES as ProtocolTypes).TOperationState;

/** What a server that is alive takes at most to let somebody in: a new session starts no job. */
const CONNECT_MILLIS = 30_000;

export interface SparkConnection {
  readonly session: HiveSession;
  /** The call's answer; fails with `SPARK_UNAVAILABLE` when the connection breaks first. */
  readonly call: <T>(answer: Promise<T>) => Promise<T>;
  /** All rows of a finished operation by column. */
  fetch(operation: HiveOperation): Promise<readonly Readonly<Record<string, unknown>>[]>;
  close(): Promise<void>;
}

/** Opens a connection with a session of these settings. Throws `SPARK_UNAVAILABLE`. */
export async function connectSpark(
  address: SparkAddress,
  settings: Readonly<Record<string, string>>,
): Promise<SparkConnection> {
  const unavailable = (problem: string, cause?: unknown): AsofError =>
    new AsofError('SPARK_UNAVAILABLE', { address: address.shown, problem }, cause);
  const client = new hive.HiveClient(TCLIService, TYPES);
  let breakOff: (error: AsofError) => void = () => undefined;
  const broken = new Promise<never>((_, reject) => {
    breakOff = reject;
  });
  broken.catch(() => undefined);
  client.on('error', (error: unknown) => breakOff(unavailable(textOf(error), error)));
  client.on('close', () => breakOff(unavailable('the connection was closed')));

  const call = <T>(answer: Promise<T>): Promise<T> => Promise.race([answer, broken]);
  const inTime = <T>(answer: Promise<T>): Promise<T> => {
    const stop = new AbortController();
    const late = sleep(CONNECT_MILLIS, undefined, { signal: stop.signal }).then(
      () => Promise.reject(unavailable(`no answer within ${CONNECT_MILLIS / 1000} seconds`)),
      () => new Promise<never>(() => undefined),
    );
    return Promise.race([call(answer), late]).finally(() => stop.abort());
  };

  const { user: username, password } = address;
  try {
    await inTime(
      client.connect(
        { host: address.host, port: address.port },
        new hive.connections.TcpConnection(),
        new hive.auth.PlainTcpAuthentication({ username, password }),
      ),
    );
    const session = await inTime(
      client.openSession({
        client_protocol: (TYPES as ProtocolTypes).TProtocolVersion.HIVE_CLI_SERVICE_PROTOCOL_V10,
        username,
        password,
        configuration: Object.fromEntries(
          Object.entries(settings).map(([name, value]) => [`set:hiveconf:${name}`, value]),
        ),
      }),
    );
    return {
      session,
      call,
      async fetch(operation) {
        const utilities = new hive.HiveUtils(TYPES);
        await call(utilities.fetchAll(operation));
        return utilities.getResult(operation).getValue() as readonly Readonly<Record<string, unknown>>[];
      },
      async close() {
        // the server drops the session of a connection that is gone
        await inTime(session.close()).catch(() => undefined);
        client.close();
      },
    };
  } catch (error) {
    client.close();
    throw error instanceof AsofError ? error : unavailable(textOf(error), error);
  }
}

/** The driver's errors are not all of class `Error`. */
export function textOf(error: unknown): string {
  const message = (error as { readonly message?: unknown } | null)?.message;
  return typeof message === 'string' && message !== '' ? message : String(error);
}
