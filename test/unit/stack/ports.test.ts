import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { findPort } from '../../../stack/ports.ts';

describe('findPort', () => {
  it('gives the preferred port when it is free, and another one when it is taken', async () => {
    const preferred = await findPort(null);
    expect(await findPort(preferred)).toBe(preferred);
    const server = createServer().listen(preferred, '127.0.0.1');
    await once(server, 'listening');
    const other = await findPort(preferred);
    server.close();
    expect(other).not.toBe(preferred);
    expect(other).toBeGreaterThan(0);
  });

  it('sees a server that listens on every interface', async () => {
    const preferred = await findPort(null);
    const server = createServer().listen(preferred, '0.0.0.0');
    await once(server, 'listening');
    const other = await findPort(preferred);
    server.close();
    expect(other).not.toBe(preferred);
  });
});
