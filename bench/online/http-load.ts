/** A load of HTTP requests that costs its own process little: plain sockets, one request at a time on each. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';

export interface Load {
  readonly url: URL;
  readonly path: string;
  readonly bodyOf: (read: number) => string;
  readonly connections: number;
  readonly millis: number;
}

/** Of the time that is measured: until what the server does most is compiled. */
const WARM_UP = 1;
/** Bodies are made before: as many as have other items. */
const BODIES = 1000;
const END_OF_HEAD = Buffer.from('\r\n\r\n');

/** Each connection asks when it has its answer. The seconds of one request: the time by the number of answers. */
export async function loadClosed(load: Load): Promise<number> {
  const requests = requestsOf(load);
  const connections = await openConnections(load, requests);
  let read = 0;
  const run = async (millis: number): Promise<number> => {
    const started = performance.now();
    const from = read;
    await Promise.all(
      connections.map(async (connection) => {
        while (performance.now() - started < millis) await connection.ask(requests[read++ % BODIES]!);
      }),
    );
    return (performance.now() - started) / 1000 / (read - from);
  };
  await run(load.millis * WARM_UP);
  const seconds = await run(load.millis);
  for (const connection of connections) connection.close();
  return seconds;
}

/**
 * So many requests a second, whether the server keeps up or not. The 99th percentile of the seconds from when a request was due to its answer:
 * one that waits for a connection has waited too.
 */
export async function loadOpen(load: Load, rate: number): Promise<number> {
  const requests = requestsOf(load);
  const connections = await openConnections({ ...load, connections: 64 }, requests);
  const free = [...connections];
  const due: number[] = [];
  const seconds: number[] = [];
  const warmUp = Math.floor((load.millis / 1000) * rate * WARM_UP);
  const count = warmUp + Math.floor((load.millis / 1000) * rate);
  const ticker = new Worker(TICKER, { eval: true, workerData: { rate, count } });
  try {
    await new Promise<void>((resolve, reject) => {
      let sent = 0;
      const send = (): void => {
        while (due.length > 0 && free.length > 0) {
          const at = due.shift()!;
          const connection = free.pop()!;
          connection.ask(requests[sent++ % BODIES]!).then(() => {
            seconds.push((performance.now() - at) / 1000);
            free.push(connection);
            if (seconds.length === count) resolve();
            else send();
          }, reject);
        }
      };
      ticker.on('error', reject).on('message', (at: number) => {
        due.push(at - performance.timeOrigin);
        send();
      });
    });
  } finally {
    await ticker.terminate();
  }
  for (const connection of connections) connection.close();
  const measured = seconds.slice(warmUp).sort((a, b) => a - b);

  return measured[Math.floor(measured.length * 0.99)]!;
}

/**
 * Says when each request was due, in milliseconds since the epoch, once it is. A thread that sleeps until then: timers of the event loop know whole milliseconds only, and
 * one that looks at the clock again and again would take a core from the server.
 */
const TICKER = `
const { parentPort, workerData } = require('node:worker_threads');
const { rate, count } = workerData;
const cell = new Int32Array(new SharedArrayBuffer(4));
const started = performance.now();
for (let planned = 0; planned < count; planned++) {
  const due = started + (planned / rate) * 1000;
  const wait = due - performance.now();
  if (wait > 0) Atomics.wait(cell, 0, 0, wait);
  parentPort.postMessage(performance.timeOrigin + due);
}
`;

function requestsOf({ url, path, bodyOf }: Load): readonly Buffer[] {
  return Array.from({ length: BODIES }, (_, read) => {
    const body = bodyOf(read);
    const head = `POST ${path} HTTP/1.1\r\nhost: ${url.host}\r\ncontent-type: application/json\r\n`;
    return Buffer.from(`${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  });
}

interface Connection {
  ask(request: Buffer): Promise<void>;
  close(): void;
}

/** One after the other, each while those before it wait for an answer: of several processes that accept, an idle one takes it. */
async function openConnections(
  { url, connections: count }: Load,
  requests: readonly Buffer[],
): Promise<readonly Connection[]> {
  const connections: Connection[] = [];
  const asked: Promise<void>[] = [];
  for (let index = 0; index < count; index++) {
    const socket = connect({ host: url.hostname, port: Number(url.port), noDelay: true });
    await once(socket, 'connect');
    const connection = connectionOver(socket);
    connections.push(connection);
    asked.push(connection.ask(requests[index]!));
  }
  await Promise.all(asked);
  return connections;
}

function connectionOver(socket: Socket): Connection {
  let waiting: { readonly resolve: () => void; readonly reject: (error: Error) => void } | undefined;
  /** Of the answer; unknown before its head has arrived. */
  let missing: number | undefined;
  let head = Buffer.alloc(0);
  const fail = (problem: string): void => waiting?.reject(new Error(problem));
  socket.on('data', (part: Buffer) => {
    let size = part.length;
    if (missing === undefined) {
      head = Buffer.concat([head, part]);
      const end = head.indexOf(END_OF_HEAD);
      if (end < 0) return;
      const text = head.toString('latin1', 0, end);
      const length = /^content-length: (\d+)$/im.exec(text)?.[1];
      if (!text.startsWith('HTTP/1.1 200') || length === undefined) fail(`not an answer of known length: ${text}`);
      missing = Number(length);
      size = head.length - end - END_OF_HEAD.length;
      head = Buffer.alloc(0);
    }
    missing -= size;
    if (missing > 0) return;
    missing = undefined;
    waiting?.resolve();
  });
  socket.on('error', ({ message }) => fail(message));
  socket.on('close', () => fail('the server has closed the connection'));
  return {
    ask: (request) =>
      new Promise<void>((resolve, reject) => {
        waiting = { resolve, reject };
        socket.write(request);
      }),
    close() {
      waiting = undefined;
      socket.destroy();
    },
  };
}
