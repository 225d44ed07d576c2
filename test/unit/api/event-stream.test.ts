/** Event streams on a real HTTP server: clients that read, that stop reading, and that leave. */
import { createServer, type Server, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openEventStream, type EventStream } from '../../../api/event-stream.ts';

interface Opened {
  readonly stream: EventStream;
  readonly response: ServerResponse;
  /** Resolves when `closed` was called. */
  readonly closed: Promise<void>;
}

let server: Server;
let client: Socket;
let prepare: (response: ServerResponse) => void | Promise<void>;
let opened: Promise<Opened>;

beforeEach(async () => {
  prepare = () => undefined;
  opened = new Promise((resolve) => {
    server = createServer((_request, response) => {
      void (async () => {
        await prepare(response);
        let close = (): void => undefined;
        const closed = new Promise<void>((done) => (close = done));
        resolve({ stream: openEventStream(response, { heartbeatMillis: 20, closed: close }), response, closed });
      })();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  client.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
});
afterEach(async () => {
  client.destroy();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const event = (id: string, data = '{}') => ({ id, name: 'progress', data });

async function received(): Promise<string> {
  let text = '';
  for await (const chunk of client) text += String(chunk);
  return text;
}

it('sends events and comments in between, and ends', async () => {
  const reading = received();
  const { stream, closed } = await opened;
  stream.send(event('a', '{"done":1}'));
  await new Promise((resolve) => setTimeout(resolve, 100));
  stream.send(event('b'));
  stream.end();
  stream.send(event('too late'));
  await closed;
  const text = await reading;
  expect(text).toContain('Content-Type: text/event-stream'.toLowerCase());
  expect(text).toMatch(/retry: 2000\n\n/);
  expect(text).toMatch(/id: a\nevent: progress\ndata: \{"done":1\}\n\n[^]*\r\n:\n\n[^]*id: b\n/);
  expect(text).not.toContain('too late');
});

it('keeps the newest event alone for a client that does not read, and gives it up at last', async () => {
  client.pause();
  const { stream, response, closed } = await opened;
  const data = JSON.stringify('x'.repeat(1 << 20));
  for (let number = 0; number < 50; number++) {
    stream.send(event(String(number), data));
    await new Promise((resolve) => setImmediate(resolve));
  }
  // of 50 MB one event waits beside what the socket holds
  expect(response.writableLength).toBeLessThan(3 << 20);
  await closed;
  expect(response.destroyed).toBe(true);
});

it('a slow client gets the newest event when it reads on', async () => {
  client.pause();
  const { stream } = await opened;
  const data = JSON.stringify('x'.repeat(1 << 20));
  for (let number = 0; number < 20; number++) stream.send(event(String(number), data));
  stream.end();
  const text = await received();
  expect(text).toContain('id: 19\n');
  expect(text.match(/^id: /gm)!.length).toBeLessThan(20);
});

it('closes when the client leaves', async () => {
  const { closed } = await opened;
  client.destroy();
  await closed;
});

it('closes when the client has left before it began', async () => {
  prepare = async (response) => {
    client.destroy();
    await new Promise((resolve) => response.once('close', resolve));
  };
  await (
    await opened
  ).closed;
});
