/** A bare HTTP server over one packed MGET: `{ "items": [..] }` to rows of numbers. Prints its port. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openBareStore } from './bare-store.ts';

const store = openBareStore(process.argv[2] ?? '');
const server = createServer((request, response) => {
  let text = '';
  request.setEncoding('utf8').on('data', (part: string) => (text += part));
  request.on('end', () => {
    const { items } = JSON.parse(text) as { readonly items: readonly number[] };
    void store.read(items).then((rows) => {
      const body = JSON.stringify(rows);
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
      response.end(body);
    });
  });
});
// as long as Asof's: a connection that waits for its turn is not closed
server.keepAliveTimeout = 75_000;
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
