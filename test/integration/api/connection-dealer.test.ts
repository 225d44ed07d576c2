/** Connections of a group of processes of which none serves yet. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterEach, expect, it } from 'vitest';
import { dealConnections, type ConnectionDealer } from '../../../api/connection-dealer.ts';

const dealers: ConnectionDealer[] = [];
afterEach(() => {
  for (const dealer of dealers.splice(0)) dealer.close();
});

async function listen(host: string, port = 0): Promise<{ readonly url: URL; readonly dealer: ConnectionDealer }> {
  const dealer = await dealConnections(host, port);
  dealers.push(dealer);
  return { url: new URL(dealer.url), dealer };
}

async function open({ hostname, port }: URL): Promise<Socket> {
  const socket = connect(Number(port), hostname.replace(/^\[|\]$/g, ''));
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

async function ending(socket: Socket): Promise<string> {
  socket.resume();
  await once(socket, 'close');
  return 'closed';
}

it('wait in a bounded queue, and those beyond are closed', async () => {
  const { url, dealer } = await listen('127.0.0.1');
  const waiting: Socket[] = [];
  // accepted in the order in which they were made
  for (let count = 0; count < 1024; count++) waiting.push(await open(url));
  expect(await ending(await open(url))).toBe('closed');
  expect(waiting.filter(({ readyState }) => readyState === 'open')).toHaveLength(1024);
  const endings = waiting.map(ending);
  dealer.close();
  expect(new Set(await Promise.all(endings))).toEqual(new Set(['closed']));
});

it('are refused once the last process has gone', async () => {
  const { url, dealer } = await listen('127.0.0.1');
  dealer.endWithLast();
  const socket = connect(Number(url.port), url.hostname);
  const error = await new Promise((resolve) => socket.once('error', resolve));
  expect(error).toMatchObject({ code: 'ECONNREFUSED' });
});

it('an address that is taken is an error of the system', async () => {
  const { url } = await listen('127.0.0.1');
  await expect(listen('127.0.0.1', Number(url.port))).rejects.toThrow(
    `listen EADDRINUSE: address already in use 127.0.0.1:${url.port}`,
  );
});

const HAS_IPV6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'));
const ADDRESSES = [
  { host: '127.0.0.1', name: '127.0.0.1' },
  { host: '0.0.0.0', name: '127.0.0.1' },
  ...(HAS_IPV6 ? [{ host: '::1', name: '[::1]' }] : []),
];

it.each(ADDRESSES)('the address of $host is http://$name', async ({ host, name }) => {
  const { url } = await listen(host);
  expect(url.hostname).toBe(name);
  expect((await open(url)).destroy().destroyed).toBe(true);
});
