/** A TCP proxy in front of a real server, which delays, cuts and refuses; for servers whose protocol it need not know. */
import { connect, createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface TcpProxy {
  /** `host:port` */
  readonly address: string;
  /** Ends every connection at once, in the middle of whatever goes on. */
  cut(): void;
  /** Refuses new connections, besides `cut`, until `heal`. */
  refuse(): void;
  /** Passes everything on, in both directions, this much later. */
  delay(millis: number): void;
  /**
   * Ends the next connection whose client sends a text that matches: before the server hears of it, or after the server answered and
   * before the client hears of that.
   */
  cutAt(pattern: RegExp, when: 'before' | 'after'): void;
  /** Connections that were ended by faults so far. */
  readonly cuts: () => number;
  heal(): void;
  close(): Promise<void>;
}

/** `target` is `host:port`. */
export async function startTcpProxy(target: string): Promise<TcpProxy> {
  const split = target.lastIndexOf(':');
  const [host, port] = [target.slice(0, split), Number(target.slice(split + 1))];
  const pairs = new Set<() => void>();
  let refusing = false;
  let delayMillis = 0;
  let armed: { readonly pattern: RegExp; readonly when: 'before' | 'after' } | undefined;
  let cuts = 0;

  const server = createServer((client) => {
    if (refusing) return void client.destroy();
    const upstream = connect(port, host);
    let deaf = false;
    const drop = (): void => {
      pairs.delete(drop);
      client.destroy();
      upstream.destroy();
    };
    const fault = (): void => {
      cuts += 1;
      drop();
    };
    const [toServer, toClient] = [delayedWriter(upstream), delayedWriter(client)];
    pairs.add(drop);
    client.setNoDelay(true);
    upstream.setNoDelay(true);
    client.on('data', (bytes) => {
      if (armed?.pattern.test(bytes.toString('latin1'))) {
        const { when } = armed;
        armed = undefined;
        if (when === 'before') return fault();
        deaf = true;
      }
      toServer(bytes, delayMillis);
    });
    upstream.on('data', (bytes) => (deaf ? fault() : toClient(bytes, delayMillis)));
    for (const socket of [client, upstream]) socket.on('error', drop).on('close', drop);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cut = (): void => {
    cuts += pairs.size;
    for (const drop of [...pairs]) drop();
  };
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut,
    refuse() {
      refusing = true;
      cut();
    },
    delay: (millis) => (delayMillis = millis),
    cutAt: (pattern, when) => (armed = { pattern, when }),
    cuts: () => cuts,
    heal() {
      refusing = false;
      delayMillis = 0;
      armed = undefined;
    },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const drop of [...pairs]) drop();
      await closed;
    },
  };
}

/** Writes in the order of the calls, whatever the delay of each. */
function delayedWriter(to: Socket): (bytes: Buffer, delayMillis: number) => void {
  let last: Promise<void> | undefined;
  return (bytes, delayMillis) => {
    const due = performance.now() + delayMillis;
    const write = (): void => void (to.writable && to.write(bytes));
    if (last === undefined && delayMillis === 0) return write();
    const mine = (last ?? Promise.resolve()).then(() => sleep(Math.max(0, due - performance.now()))).then(write);
    last = mine;
    void mine.then(() => {
      if (last === mine) last = undefined;
    });
  };
}
