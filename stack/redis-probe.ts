/** One question to a Redis server, over a socket of its own: enough to know whether it answers and who it is. */
import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectSecure } from 'node:tls';
import { messageOf } from '../contracts/errors.ts';

export type RedisAnswer =
  | { readonly answers: true; readonly version: string; readonly pid: number }
  | { readonly answers: false; readonly problem: string };

/** Logs in when the URL has credentials, then asks `INFO server` and `PING`. Never rejects. */
export async function askRedis(url: string, timeoutMillis = 2_000): Promise<RedisAnswer> {
  try {
    const reply = await converse(new URL(url), timeoutMillis);
    const refusal = /^-(.*)$/m.exec(reply)?.[1]?.trim();
    if (refusal !== undefined) return { answers: false, problem: refusal };
    const version = /redis_version:(\S+)/.exec(reply)?.[1] ?? 'unknown';
    return { answers: true, version, pid: Number(/process_id:(\d+)/.exec(reply)?.[1] ?? 0) };
  } catch (error) {
    return { answers: false, problem: messageOf(error) };
  }
}

function converse(url: URL, timeoutMillis: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const target = { host: url.hostname, port: Number(url.port || 6379) };
    const socket: Socket = url.protocol === 'rediss:' ? connectSecure(target) : connectPlain(target);
    let reply = '';
    const end = (error: Error): void => {
      socket.destroy();
      reject(error);
    };
    socket.setEncoding('utf8').setTimeout(timeoutMillis, () => end(new Error(`no answer within ${timeoutMillis} ms`)));
    socket.once('error', end);
    socket.once('close', () => resolve(reply));
    socket.on('data', (chunk: string) => {
      reply += chunk;
      if (/^(\+PONG|-.*)\r\n$/m.test(reply)) socket.end();
    });
    socket.write([...login(url), ['INFO', 'server'], ['PING']].map(encodeCommand).join(''));
  });
}

function login(url: URL): string[][] {
  if (url.password === '') return [];
  const user = url.username === '' ? [] : [decodeURIComponent(url.username)];
  return [['AUTH', ...user, decodeURIComponent(url.password)]];
}

function encodeCommand(words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;
}
