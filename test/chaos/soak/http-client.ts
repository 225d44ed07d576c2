/** The client of a soak: kept connections, and the one retry that clients of such connections make. */
import { Agent, request } from 'node:http';

/**
 * How one request ended. `broken` is a connection that was refused, reset or closed before the whole answer was there.
 */
export type Outcome =
  | { readonly kind: 'answer'; readonly status: number; readonly body: string }
  | { readonly kind: 'broken'; readonly problem: string };

export interface HttpClient {
  /** One try, on a kept connection. */
  post(path: string, body: string, headers?: Readonly<Record<string, string>>): Promise<Outcome>;
  /** One try, on a connection of its own. */
  postApart(path: string, body: string, headers?: Readonly<Record<string, string>>): Promise<Outcome>;
  close(): void;
}

/** Requests beyond so many connections wait in the client. */
const CONNECTIONS = 64;
/**
 * A connection is left after about so many requests, as proxies do: a process that has come back gets its share of the
 * connections again.
 */
const TURNS = 500;
/** Longer than anything that the server may take: what comes later counts as no answer. */
const PATIENCE_MILLIS = 30_000;

export function openHttpClient(url: string): HttpClient {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const { hostname, port } = new URL(url);
  let sent = 0;
  const send = (
    path: string,
    body: string,
    headers: Readonly<Record<string, string>>,
    connections: Agent | false,
  ): Promise<Outcome> =>
    new Promise((resolve) => {
      const broken = ({ message }: Error): void => resolve({ kind: 'broken', problem: message });
      const asked = request(
        {
          hostname,
          port,
          path,
          method: 'POST',
          agent: connections,
          timeout: PATIENCE_MILLIS,
          headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...headers },
        },
        (answer) => {
          const parts: Buffer[] = [];
          answer.on('data', (part: Buffer) => parts.push(part));
          answer.once('error', broken);
          answer.once('end', () =>
            resolve({ kind: 'answer', status: answer.statusCode ?? 0, body: Buffer.concat(parts).toString() }),
          );
        },
      );
      asked.once('error', broken);
      asked.once('timeout', () => asked.destroy(new Error('no answer in time')));
      asked.end(body);
    });
  return {
    post(path, body, headers = {}) {
      sent += 1;
      return send(path, body, { ...headers, ...(sent % TURNS === 0 && { connection: 'close' }) }, agent);
    },
    postApart: (path, body, headers = {}) => send(path, body, headers, false),
    close: () => agent.destroy(),
  };
}
