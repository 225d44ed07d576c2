/**
 * The connection to Redis. Reads and writes have a connection each, so that a large write never stands before a read.
 * While Redis is away a call waits for it, no longer than its deadline; a read whose connection is lost under it is asked
 * once more on the next one, so that a Redis that restarts at once costs time, and no answers.
 */
import { Command, Redis, ReplyError } from 'ioredis';
import { AsofError, messageOf } from '../contracts/errors.ts';
import type { EncodedArguments } from './encoded-arguments.ts';
import { createReadBatch, type ReadTogether } from './read-batch.ts';

export interface RedisClientOptions {
  /** `redis://` or `rediss://`. */
  readonly url: string;
  /** A read that takes longer is given up. @default 250 */
  readonly readDeadlineMillis?: number;
  /** A write that takes longer is given up. @default 30000 */
  readonly writeDeadlineMillis?: number;
}

export interface RedisClient {
  /** One MGET, with what others read at once. Throws `REDIS_UNAVAILABLE` when Redis has not answered in time, which is `readDeadlineMillis` unless given. */
  read(keys: readonly (Buffer | string)[], waitMillis?: number): Promise<readonly (Buffer | null)[]>;
  /** Sets a key unless it exists; answers the value that stands afterwards. */
  claim(key: string, value: string): Promise<string>;
  /**
   * Runs a script by its digest, sending its text when Redis does not know it. Throws `REDIS_UNAVAILABLE`, or a
   * `ScriptRefusal` when the script answers an error of ours.
   */
  evaluate(script: Script, keys: readonly (Buffer | string)[], values: readonly (Buffer | string)[]): Promise<unknown>;
  /** The same with arguments that are encoded already: for scripts that take many. */
  evaluateEncoded(script: Script, keys: EncodedArguments, values: EncodedArguments): Promise<unknown>;
  /** The keys that begin with the prefix, page by page; one that moves meanwhile may come twice. */
  pages(prefix: Buffer): AsyncIterable<readonly Buffer[]>;
  /** The bytes that each key takes, its value and its place among the keys included; null for one that is not there. */
  memory(keys: readonly Buffer[]): Promise<readonly (number | null)[]>;
  /** Whether Redis answers. */
  ping(): Promise<boolean>;
  close(): Promise<void>;
}

export interface Script {
  readonly text: string;
  readonly sha1: string;
}

const REFUSALS = {
  epoch: 'the content of Redis was lost',
  fence: 'a newer run has taken over',
  ahead: 'streams have brought rows to Redis that are not in the lake yet; run it again once they have landed',
  held: 'a materialization holds the stream',
} as const;

/** A script said no. */
export class ScriptRefusal extends Error {
  override readonly name = 'ScriptRefusal';
  readonly reason: keyof typeof REFUSALS;

  constructor(reason: keyof typeof REFUSALS) {
    super(REFUSALS[reason]);
    this.reason = reason;
  }
}

/** Doubled with each attempt: a Redis that restarts is there again after some tens of milliseconds. */
const FIRST_RECONNECT_DELAY_MILLIS = 10;
const LONGEST_RECONNECT_DELAY_MILLIS = 250;
/** How often a Redis that reads its own files is asked whether it has done so. */
const LOADING_MILLIS = 25;
const SCAN_PAGE = 1000;
const BACKSLASH = 0x5c;
const ASTERISK = 0x2a;

/** Connects in the background: a Redis that is away is no error until it is asked something. */
export function openRedisClient(options: RedisClientOptions): RedisClient {
  const readDeadline = options.readDeadlineMillis ?? 250;
  const writeDeadline = options.writeDeadlineMillis ?? 30_000;
  const reader = connect(options.url, { deadlineMillis: readDeadline, isTimedByCaller: true });
  const writer = connect(options.url, { deadlineMillis: writeDeadline, isTimedByCaller: false });
  const readTogether = createReadBatch(reader);
  const connected = (): Promise<Redis> => ready(writer, Math.min(writeDeadline, CONNECT_MILLIS));
  return {
    read: async (keys, waitMillis = readDeadline) =>
      answer(() => inTime(waitMillis, () => readOverConnections({ client: reader, readTogether }, keys, waitMillis))),
    claim: async (key, value) =>
      answer(async () => {
        const client = await connected();
        await client.set(key, value, 'NX');
        return (await client.get(key)) ?? value;
      }),
    evaluate: async (script, keys, values) =>
      answer(async () => evaluateScript(await connected(), script, keys, values)),
    evaluateEncoded: async (script, keys, values) =>
      answer(async () => evaluateBytes(await connected(), script, encodeCall(script, keys, values))),
    pages: (prefix) => scanPages(connected, prefix),
    memory: async (keys) =>
      answer(async () => {
        const client = await connected();
        // every element of every value is looked at, however long it is
        return Promise.all(keys.map((key) => client.memory('USAGE', key, 'SAMPLES', 0)));
      }),
    ping: async () => {
      try {
        return (await inTime(readDeadline, async () => (await ready(reader, readDeadline)).ping())) === 'PONG';
      } catch {
        return false;
      }
    },
    close: async () => {
      reader.disconnect();
      writer.disconnect();
    },
  };
}

const CONNECT_MILLIS = 5000;

function connect(
  url: string,
  { deadlineMillis, isTimedByCaller }: { readonly deadlineMillis: number; readonly isTimedByCaller: boolean },
): Redis {
  const client = new Redis(url, {
    ...(!isTimedByCaller && { commandTimeout: deadlineMillis }),
    connectTimeout: CONNECT_MILLIS,
    // a connection on which nothing comes back is dropped, so that commands do not pile up behind it
    socketTimeout: Math.max(2 * deadlineMillis, CONNECT_MILLIS),
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    maxLoadingRetryTime: LOADING_MILLIS,
    retryStrategy: (attempt) =>
      Math.min(FIRST_RECONNECT_DELAY_MILLIS * 2 ** Math.min(attempt - 1, 10), LONGEST_RECONNECT_DELAY_MILLIS),
  });
  // each call reports its own failure; without a listener the client would print every attempt to reconnect
  client.on('error', () => undefined);
  return client;
}

/** Gives the work up when it takes longer; what comes back later is dropped. */
function inTime<T>(millis: number, work: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('no answer in time')), millis);
    work()
      .finally(() => clearTimeout(timer))
      .then(resolve, reject);
  });
}

/** One MGET, and once more when its connection is lost before the answer: what only reads may be asked twice. */
async function readOverConnections(
  { client, readTogether }: { readonly client: Redis; readonly readTogether: ReadTogether },
  keys: readonly (Buffer | string)[],
  deadlineMillis: number,
): Promise<readonly (Buffer | null)[]> {
  if (client.status !== 'ready') await nextReady(client, deadlineMillis);
  try {
    return await readTogether(keys);
  } catch (error) {
    if (error instanceof ReplyError) throw error;
    await nextReady(client, deadlineMillis);
    return readTogether(keys);
  }
}

/** Waits for a connection that is being made, no longer than the deadline. */
async function ready(client: Redis, deadlineMillis: number): Promise<Redis> {
  if (client.status !== 'ready') await nextReady(client, deadlineMillis);
  return client;
}

async function nextReady(client: Redis, deadlineMillis: number): Promise<void> {
  if (client.status === 'end') throw new Error('the connection is closed');
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      client.off('ready', settle);
      reject(new Error('not connected'));
    }, deadlineMillis);
    const settle = (): void => {
      clearTimeout(timer);
      resolve();
    };
    client.once('ready', settle);
  });
}

async function evaluateScript(
  client: Redis,
  script: Script,
  keys: readonly (Buffer | string)[],
  values: readonly (Buffer | string)[],
): Promise<unknown> {
  try {
    return await client.callBuffer('EVALSHA', [script.sha1, keys.length, ...keys, ...values]);
  } catch (error) {
    if (!messageOf(error).includes('NOSCRIPT')) throw error;
    return client.callBuffer('EVAL', [script.text, keys.length, ...keys, ...values]);
  }
}

function encodeCall(script: Script, keys: EncodedArguments, values: EncodedArguments): Buffer {
  const count = String(keys.count);
  const words = ['EVALSHA', script.sha1, count].map((word) => `$${word.length}\r\n${word}\r\n`);
  const head = `*${words.length + keys.count + values.count}\r\n${words.join('')}`;
  return Buffer.concat([Buffer.from(head), keys.bytes(), values.bytes()]);
}

/** A command whose bytes are at hand. */
class EncodedCommand extends Command {
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    super('EVALSHA', [], { replyEncoding: null });
    this.#bytes = bytes;
  }

  override toWritable(): Buffer {
    return this.#bytes;
  }
}

async function evaluateBytes(client: Redis, { text }: Script, call: Buffer): Promise<unknown> {
  try {
    return await client.sendCommand(new EncodedCommand(call));
  } catch (error) {
    if (!messageOf(error).includes('NOSCRIPT')) throw error;
    await client.script('LOAD', text);
    return client.sendCommand(new EncodedCommand(call));
  }
}

async function* scanPages(connected: () => Promise<Redis>, prefix: Buffer): AsyncGenerator<readonly Buffer[]> {
  const pattern = patternOf(prefix);
  let cursor = '0';
  do {
    const answered = await answer(async () =>
      (await connected()).callBuffer('SCAN', cursor, 'MATCH', pattern, 'COUNT', SCAN_PAGE),
    );
    const [next, page] = answered as readonly [Buffer, readonly Buffer[]];
    if (page.length > 0) yield page;
    cursor = next.toString();
  } while (cursor !== '0');
}

/** Of the keys that begin with the bytes, whatever a pattern makes of them. */
function patternOf(prefix: Buffer): Buffer {
  const literal = [...prefix].flatMap((byte) => [BACKSLASH, byte]);
  return Buffer.from([...literal, ASTERISK]);
}

async function answer<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const problem = messageOf(error);
    if (problem.includes('ASOF_EPOCH')) throw new ScriptRefusal('epoch');
    if (problem.includes('ASOF_FENCE')) throw new ScriptRefusal('fence');
    if (problem.includes('ASOF_AHEAD')) throw new ScriptRefusal('ahead');
    if (problem.includes('ASOF_HELD')) throw new ScriptRefusal('held');
    throw new AsofError('REDIS_UNAVAILABLE', { problem }, error);
  }
}
