/** Server-sent events to one client (WHATWG HTML, section 9.2). */
import type { ServerResponse } from 'node:http';

export interface ServerEvent {
  /** Comes back as `Last-Event-ID` when the client connects again. One line, as is the name. */
  readonly id: string;
  readonly name: string;
  /** One line: JSON. */
  readonly data: string;
}

export interface EventStream {
  /** An event that the client has not had room for yet is replaced by the newer one: each says everything. */
  send(event: ServerEvent): void;
  /** Ends the answer once everything is sent. */
  end(): void;
}

export interface EventStreamOptions {
  /** Proxies and clients give up a connection on which nothing is said. */
  readonly heartbeatMillis: number;
  /** Called once, after `openEventStream` has returned: the client is gone or has everything. */
  readonly closed: () => void;
}

const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache, no-transform',
  // nginx would keep the events until its buffer is full
  'x-accel-buffering': 'no',
} as const;

/** How soon a client that lost the connection comes back. */
const RETRY_MILLIS = 2_000;

/** Heartbeats that a client may leave unread before it is given up. */
const MOST_UNREAD = 4;

/** Begins the answer. */
export function openEventStream(
  response: ServerResponse,
  { heartbeatMillis, closed }: EventStreamOptions,
): EventStream {
  let waiting: ServerEvent | undefined;
  let ending = false;
  let unread = 0;

  const flush = (): void => {
    unread = 0;
    if (waiting !== undefined) response.write(formatEvent(waiting));
    waiting = undefined;
    if (ending) response.end();
  };
  const beat = (): void => {
    if (!response.writableNeedDrain) response.write(':\n\n');
    else if (++unread >= MOST_UNREAD) response.destroy();
  };
  const timer = setInterval(beat, heartbeatMillis);
  const close = (): void => {
    clearInterval(timer);
    closed();
  };

  response.on('drain', flush);
  response.on('error', () => response.destroy());
  // a client that has left already closes nothing any more; never before the caller has the stream
  if (response.destroyed) setImmediate(close);
  else response.once('close', close);
  response.writeHead(200, HEADERS);
  response.write(`retry: ${RETRY_MILLIS}\n\n`);
  return {
    send(event) {
      if (ending) return;
      waiting = event;
      if (!response.writableNeedDrain) flush();
    },
    end() {
      ending = true;
      if (!response.writableNeedDrain) flush();
    },
  };
}

function formatEvent({ id, name, data }: ServerEvent): string {
  return `id: ${id}\nevent: ${name}\ndata: ${data}\n\n`;
}
