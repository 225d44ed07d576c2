/** For a process of a group: the connections that the group's first process accepted, and this one answers. */
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { ProcessOrder, ProcessReport } from './process-messages.ts';

export interface HandedConnections {
  /** When the group's first process is gone: nothing comes any more. */
  readonly abandoned: Promise<unknown>;
  /** Wants no more connections, and returns after the last one that was under way. */
  leave(): Promise<void>;
  /** Lets go of the group, so that the process can end. */
  close(): void;
}

/** Tells the group that this process serves, and answers what it hands over. */
export function receiveConnections(server: Server): HandedConnections {
  // a server that listens begins to count its connections and to watch their time-outs then
  server.emit('listening');
  const abandoned = process.connected ? once(process, 'disconnect') : Promise.resolve();
  let noticeLeft: (() => void) | undefined;
  const receive = (order: ProcessOrder, socket: Socket | undefined): void => {
    if (order === 'left') {
      noticeLeft?.();
      return;
    }
    // before a byte of it is read: the group hears of it, or this process has not touched it
    tell('taken');
    if (!socket) return;
    // as those of a server that listens itself
    socket.allowHalfOpen = true;
    server.emit('connection', socket);
  };
  process.on('message', receive);
  tell('serving');
  return {
    abandoned,
    async leave() {
      const left = new Promise<void>((resolve) => (noticeLeft = resolve));
      tell('leaving');
      await Promise.race([left, abandoned]);
    },
    close() {
      process.removeListener('message', receive);
      if (process.connected) process.disconnect();
    },
  };
}

function tell(report: ProcessReport): void {
  // a group that is gone hears nothing: `abandoned` says so
  process.send?.(report, undefined, undefined, () => undefined);
}
