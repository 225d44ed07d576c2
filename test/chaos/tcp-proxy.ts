/**
 * A TCP proxy in front of a real server, which delays, cuts, refuses and holds; for servers whose protocol it need not know.
 */
import { connect, createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A moment in what a client sends on one connection: the first text that matches `at`, once another matched `after`. */
export interface Moment {
  readonly after?: RegExp;
  readonly at: RegExp;
}

/** `before` the server hears of it, `during`: once it is sent, or `after` the server answered and before the client hears of that. */
export type CutTime = 'before' | 'during' | 'after';

export interface Hold {
  /** Resolves when the moment has come: the request, or the server's answer to it, stands still in the proxy. */
  readonly reached: Promise<void>;
  /** Lets go on what is held. */
  release(): void;
}

export interface TcpProxy {
  /** `host:port` */
  readonly address: string;
  /** Ends every connection at once, in the middle of whatever goes on. */
  cut(): void;
  /** Refuses new connections, besides `cut`, until `heal`. */
  refuse(): void;
  /** Passes everything on, in both directions, this much later. */
  delay(millis: number): void;
  /** Ends one connection at the next such moment. */
  cutAt(moment: Moment, when: CutTime): void;
  /** Holds one connection at the next such moment. */
  holdAt(moment: Moment, what: 'request' | 'answer'): Hold;
  /** Connections that were ended by faults so far. */
  readonly cuts: () => number;
  heal(): void;
  close(): Promise<void>;
}

/** What one connection can do to itself at an armed moment, with the bytes that made it come. */
interface Link {
  pass(bytes: Buffer): void;
  /** Passes the bytes on, and ends the connection once they are sent. */
  passAndEnd(bytes: Buffer): void;
  end(): void;
  /** Whatever the server says from now on goes here. */
  divert(answers: (bytes: Buffer) => void): void;
  answer(bytes: Buffer): void;
}

interface Armed extends Moment {
  readonly act: (link: Link, bytes: Buffer) => void;
}

/** `target` is `host:port`. */
export async function startTcpProxy(target: string): Promise<TcpProxy> {
  const split = target.lastIndexOf(':');
  const [host, port] = [target.slice(0, split), Number(target.slice(split + 1))];
  const drops = new Set<() => void>();
  let refusing = false;
  let delayMillis = 0;
  let armed: Armed | undefined;
  let cuts = 0;

  const server = createServer((client) => {
    if (refusing) return void client.destroy();
    const upstream = connect(port, host);
    const drop = (): void => {
      drops.delete(drop);
      client.destroy();
      upstream.destroy();
    };
    drops.add(drop);
    const [toServer, toClient] = [delayedWriter(upstream), delayedWriter(client)];
    let answers = (bytes: Buffer): void => toClient(bytes, delayMillis);
    const link: Link = {
      pass: (bytes) => toServer(bytes, delayMillis),
      passAndEnd: (bytes) => upstream.write(bytes, () => link.end()),
      end() {
        cuts += 1;
        drop();
      },
      divert: (next) => (answers = next),
      answer: (bytes) => toClient(bytes, delayMillis),
    };
    let primed: Armed | undefined;
    for (const socket of [client, upstream]) socket.setNoDelay(true).on('error', drop).on('close', drop);
    upstream.on('data', (bytes) => answers(bytes));
    client.on('data', (bytes) => {
      const text = armed === undefined ? '' : bytes.toString('latin1');
      if (armed?.after?.test(text)) primed = armed;
      if (armed === undefined || !armed.at.test(text) || (armed.after && primed !== armed)) return link.pass(bytes);
      const { act } = armed;
      armed = undefined;
      act(link, bytes);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cut = (): void => {
    cuts += drops.size;
    for (const drop of [...drops]) drop();
  };
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut,
    refuse() {
      refusing = true;
      cut();
    },
    delay: (millis) => (delayMillis = millis),
    cutAt: (moment, when) => (armed = { ...moment, act: (link, bytes) => cutLink(link, bytes, when) }),
    holdAt(moment, what) {
      let resolve = (): void => undefined;
      const promise = new Promise<void>((done) => (resolve = done));
      let release = (): void => undefined;
      const act = (link: Link, bytes: Buffer): void => {
        release = holdLink(link, bytes, what, () => resolve());
      };
      armed = { ...moment, act };
      return { reached: promise, release: () => release() };
    },
    cuts: () => cuts,
    heal() {
      refusing = false;
      delayMillis = 0;
      armed = undefined;
    },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const drop of [...drops]) drop();
      await closed;
    },
  };
}

function cutLink(link: Link, bytes: Buffer, when: CutTime): void {
  switch (when) {
    case 'before':
      return link.end();
    case 'during':
      return link.passAndEnd(bytes);
    case 'after':
      link.divert(() => link.end());
      return link.pass(bytes);
  }
}

/** Returns what lets it go on. */
function holdLink(link: Link, bytes: Buffer, what: 'request' | 'answer', reached: () => void): () => void {
  if (what === 'request') {
    reached();
    return () => link.pass(bytes);
  }
  const held: Buffer[] = [];
  link.divert((answer) => {
    held.push(answer);
    reached();
  });
  link.pass(bytes);
  return () => {
    link.divert((answer) => link.answer(answer));
    for (const answer of held) link.answer(answer);
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
