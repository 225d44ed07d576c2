/** A proxy in front of a real HTTP server that fails on demand: before the server, behind it, or in the middle of an answer. */
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface SeenRequest {
  readonly method: string;
  /** Path and query, as sent. */
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
}

export type Fault =
  /** The server sees nothing of it. */
  | { readonly kind: 'answer'; readonly status: number; readonly code: string }
  | { readonly kind: 'reset' }
  /** The server has done it, and the client learns nothing: the connection ends, or stays silent. */
  | { readonly kind: 'lose answer' }
  | { readonly kind: 'withhold answer' }
  /** The answer's body ends after some bytes, has another byte at one place, or stops without an end. */
  | { readonly kind: 'cut'; readonly after: number }
  | { readonly kind: 'damage'; readonly at: number }
  | { readonly kind: 'stall'; readonly after: number };

export interface FaultProxy {
  readonly endpoint: string;
  /** Every request since the last `reset`, in the order of their coming. */
  readonly seen: readonly SeenRequest[];
  /** The most requests that were under way at once. */
  readonly mostAtOnce: () => number;
  /** Decides what happens to each request; undefined lets it through. */
  inject(decide: (request: SeenRequest) => Fault | undefined): void;
  /** Delays every request. */
  slow(millis: number): void;
  /** No faults, nothing seen. */
  reset(): void;
  close(): Promise<void>;
}

export async function startFaultProxy(target: string): Promise<FaultProxy> {
  const seen: SeenRequest[] = [];
  let decide: (request: SeenRequest) => Fault | undefined = () => undefined;
  let delayMillis = 0;
  let underWay = 0;
  let most = 0;

  const server = createServer((incoming, outgoing) => {
    void (async () => {
      underWay += 1;
      most = Math.max(most, underWay);
      outgoing.once('close', () => (underWay -= 1));
      const asked = { method: incoming.method ?? '', path: incoming.url ?? '', headers: incoming.headers };
      seen.push(asked);
      const fault = decide(asked);
      const body = await collect(incoming);
      if (delayMillis > 0) await sleep(delayMillis);
      await serve(target, asked, body, fault, outgoing);
    })().catch(() => outgoing.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    mostAtOnce: () => most,
    inject: (next) => (decide = next),
    slow: (millis) => (delayMillis = millis),
    reset() {
      decide = () => undefined;
      delayMillis = 0;
      most = 0;
      seen.splice(0);
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function serve(
  target: string,
  asked: SeenRequest,
  body: Buffer,
  fault: Fault | undefined,
  outgoing: ServerResponse,
): Promise<void> {
  switch (fault?.kind) {
    case 'answer': {
      const text = `<?xml version="1.0"?><Error><Code>${fault.code}</Code><Message>injected</Message></Error>`;
      outgoing.writeHead(fault.status, { 'content-type': 'application/xml' }).end(asked.method === 'HEAD' ? '' : text);
      return;
    }
    case 'reset':
      outgoing.destroy();
      return;
    case 'lose answer':
      await forward(target, asked, body).then(collect);
      outgoing.destroy();
      return;
    case 'withhold answer':
      await forward(target, asked, body).then(collect);
      return;
    case 'cut':
    case 'damage':
    case 'stall':
    case undefined: {
      const answer = await forward(target, asked, body);
      const bytes = await collect(answer);
      outgoing.writeHead(answer.statusCode ?? 500, withoutConnection(answer.headers));
      if (fault?.kind === 'cut' || fault?.kind === 'stall') {
        outgoing.write(bytes.subarray(0, fault.after));
        if (fault.kind === 'cut') setTimeout(() => outgoing.destroy(), 20);
        return;
      }
      if (fault?.kind === 'damage' && bytes.length > fault.at) bytes[fault.at] = bytes[fault.at]! ^ 1;
      outgoing.end(bytes);
    }
  }
}

/** The host stays as the client named it: it is signed. */
function forward(target: string, { method, path, headers }: SeenRequest, body: Buffer): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(target);
    const { expect: _expect, ...kept } = withoutConnection(headers);
    const passing = request({ hostname, port, method, path, headers: kept, agent: false });
    passing.once('response', resolve);
    passing.once('error', reject);
    passing.end(body);
  });
}

function withoutConnection(headers: IncomingMessage['headers']): IncomingMessage['headers'] {
  const { connection: _connection, 'keep-alive': _keepAlive, 'transfer-encoding': _encoding, ...kept } = headers;
  return kept;
}

async function collect(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
