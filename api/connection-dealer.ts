/**
 * One address for several processes: this one accepts, the others answer.
 *
 * A process is given one connection at a time, and says when it has taken it. Until then nobody has read a byte of it and it
 * stays open here too: when the process dies first, another one gets it, and the client notices nothing. Node's own cluster
 * loses such a connection: it keeps it open and forgets it, and the client waits.
 */
import type { ChildProcess } from 'node:child_process';
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { ProcessOrder, ProcessReport } from './process-messages.ts';

/** Connections that wait while no process is free; further ones are closed at once. */
const MOST_WAITING = 1024;

/** Listens. Port 0 takes a free one. Throws what the system says, such as `EADDRINUSE`. */
export async function dealConnections(host: string, port: number): Promise<ConnectionDealer> {
  const dealer = new ConnectionDealer();
  await dealer.listen(host, port);
  return dealer;
}

export class ConnectionDealer {
  readonly #servers: Server[] = [];
  readonly #waiting: Socket[] = [];
  readonly #members = new Set<ChildProcess>();
  /** Members that have taken what they were given; the next in turn is the first. */
  #free: ChildProcess[] = [];
  /** Given, and not taken yet. */
  readonly #given = new Map<ChildProcess, Socket>();
  #isEnding = false;

  get url(): string {
    return urlOf(this.#servers[0]!.address() as AddressInfo);
  }

  async listen(host: string, port: number): Promise<void> {
    const first = await this.#listenAt(host, port);
    // both families, as clients try one or the other; a second one that cannot be had is no error
    const others = host === 'localhost' ? await lookup(host, { all: true }) : [];
    for (const { address } of others) {
      if (address !== first.address) await this.#listenAt(address, first.port).catch(() => undefined);
    }
  }

  /** The process gets connections in its turn from when it serves until it leaves, dies or is removed. */
  add(child: ChildProcess): void {
    child.on('message', (report: ProcessReport) => this.#hear(child, report));
    // comes after the last message of a process, which its exit may not
    child.once('close', () => {
      this.remove(child);
      this.#giveAnother(child);
    });
  }

  /** The process gets no more connections; what it has is not touched. */
  remove(child: ChildProcess): void {
    this.#members.delete(child);
    this.#free = this.#free.filter((other) => other !== child);
    if (this.#isEnding && this.#members.size === 0) this.close();
  }

  /** Accepts for as long as there is a process that takes connections, and then no more. */
  endWithLast(): void {
    this.#isEnding = true;
    if (this.#members.size === 0) this.close();
  }

  /** Accepts no more, and closes what nobody has taken. */
  close(): void {
    for (const server of this.#servers.splice(0)) server.close();
    for (const socket of this.#waiting.splice(0)) socket.destroy();
  }

  async #listenAt(host: string, port: number): Promise<AddressInfo> {
    // what is not read here is left to the process that takes the connection
    const server = createServer({ pauseOnConnect: true, noDelay: true }, (socket) => this.#accept(socket));
    server.listen({ host, port });
    await once(server, 'listening');
    this.#servers.push(server);
    return server.address() as AddressInfo;
  }

  #hear(child: ChildProcess, report: ProcessReport): void {
    switch (report) {
      case 'serving':
        this.#members.add(child);
        this.#free.push(child);
        this.#deal();
        return;
      case 'taken':
        this.#take(child);
        return;
      case 'leaving':
        this.remove(child);
        // behind everything that it was given
        child.send('left' satisfies ProcessOrder, ignore);
    }
  }

  #accept(socket: Socket): void {
    socket.on('error', ignore);
    if (this.#waiting.length === MOST_WAITING) {
      socket.destroy();
      return;
    }
    this.#waiting.push(socket);
    this.#deal();
  }

  #deal(): void {
    while (this.#waiting.length > 0 && this.#free.length > 0) {
      const child = this.#free.shift()!;
      const socket = this.#waiting.shift()!;
      this.#given.set(child, socket);
      // fails when the process is dying, and then its end gives the connection to another one
      child.send('connection' satisfies ProcessOrder, socket, { keepOpen: true }, ignore);
    }
  }

  #take(child: ChildProcess): void {
    // closes this process's copy alone
    this.#given.get(child)?.destroy();
    this.#given.delete(child);
    if (this.#members.has(child)) this.#free.push(child);
    this.#deal();
  }

  #giveAnother(child: ChildProcess): void {
    const socket = this.#given.get(child);
    if (!socket) return;
    this.#given.delete(child);
    if (this.#servers.length === 0) socket.destroy();
    else this.#waiting.unshift(socket);
    this.#deal();
  }
}

function ignore(): void {
  // told by another event, or by nobody: there is nothing to do
}

function urlOf({ address, port }: AddressInfo): string {
  // every address of the machine: the one that its own clients use
  if (address === '0.0.0.0') return `http://127.0.0.1:${port}`;
  return `http://${address.includes(':') ? `[${address}]` : address}:${port}`;
}
