/** Whether a PostgreSQL server answers at an address, by the first message of its protocol. */
import { connect } from 'node:net';
import { messageOf } from '../contracts/errors.ts';

/** Length 8, then the code of an encryption request; a server answers `S` or `N`. */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

/** The problem; undefined when the server answers. Does not log in. */
export async function findPostgresProblem(url: string, timeoutMillis = 2_000): Promise<string | undefined> {
  try {
    const { hostname, port } = new URL(url);
    const reply = await firstByte(hostname, Number(port || 5432), timeoutMillis);
    return reply === 'S' || reply === 'N' ? undefined : 'what answers there is not PostgreSQL';
  } catch (error) {
    return messageOf(error);
  }
}

function firstByte(host: string, port: number, timeoutMillis: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    socket.setTimeout(timeoutMillis, () => socket.destroy(new Error(`no answer within ${timeoutMillis} ms`)));
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the connection was closed without an answer')));
    socket.once('data', (data) => {
      resolve(data.subarray(0, 1).toString('latin1'));
      socket.destroy();
    });
    socket.write(SSL_REQUEST);
  });
}
