/** Free ports of the loopback interface. */
import { createServer } from 'node:net';

/** The preferred port when it is free, otherwise any free one. Another process may take it before its user binds it. */
export async function findPort(preferred: number | null): Promise<number> {
  return (preferred === null ? undefined : await listenOnce(preferred)) ?? (await listenOnce(0)) ?? findPort(null);
}

function listenOnce(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' ? address?.port : undefined));
    });
  });
}
