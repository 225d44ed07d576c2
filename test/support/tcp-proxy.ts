/** A TCP proxy in front of a real server that can go away, or fall silent, and come back. */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

export interface TcpProxy {
  /** `127.0.0.1:port`: the same after `restore`. */
  readonly address: string;
  /** Connections break, and new ones are refused. */
  refuse(): Promise<void>;
  /** Connections stay and new ones are taken, but not a byte passes. */
  silence(): void;
  /** Lets everything through again. */
  restore(): Promise<void>;
  close(): Promise<void>;
}

/** `target` is `host:port`. */
export async function startTcpProxy(target: string): Promise<TcpProxy> {
  const { hostname, port: targetPort } = new URL(`tcp://${target}`);
  const pairs = new Set<readonly [Socket, Socket]>();
  let silent = false;
  let server: Server | undefined;
  let port = 0;

  const listen = async (): Promise<void> => {
    server = createServer((near) => {
      const far = connect(Number(targetPort), hostname);
      const pair = [near, far] as const;
      pairs.add(pair);
      for (const [one, other] of [pair, [far, near] as const]) {
        one.on('error', () => other.destroy());
        one.once('close', () => {
          other.destroy();
          pairs.delete(pair);
        });
        one.on('data', (bytes) => {
          if (!silent) other.write(bytes);
        });
      }
    });
    await new Promise<void>((resolve, reject) => {
      server!.once('error', reject).listen(port, '127.0.0.1', resolve);
    });
    port = (server.address() as AddressInfo).port;
  };
  const refuse = async (): Promise<void> => {
    const stopped = server && new Promise((resolve) => server!.close(resolve));
    server = undefined;
    for (const [near] of pairs) near.destroy();
    await stopped;
  };

  await listen();
  return {
    address: `127.0.0.1:${port}`,
    refuse,
    silence: () => void (silent = true),
    async restore() {
      if (silent) {
        // what was swallowed is missing: these connections cannot go on
        for (const [near] of pairs) near.destroy();
        silent = false;
      }
      if (server === undefined) await listen();
    },
    close: refuse,
  };
}
