import { describe, expect, it } from 'vitest';
import { EncodedArguments } from '../../../online/encoded-arguments.ts';

describe('encoded arguments', () => {
  it('have their lengths before them, in bytes and without leading zeros', () => {
    const list = new EncodedArguments();
    list.add(Buffer.from('ä'), Buffer.from('\r\n'));
    list.add(new Uint8Array(0));
    list.add(Buffer.alloc(10, 'x'));
    expect(list.bytes().toString()).toBe('$4\r\nä\r\n\r\n$0\r\n\r\n$10\r\nxxxxxxxxxx\r\n');
    expect(list).toMatchObject({ count: 3, byteLength: list.bytes().length });
  });

  it('are copied, and may be of any size', () => {
    const list = new EncodedArguments();
    const bytes = Buffer.alloc(100_000, 'a');
    list.add(bytes);
    bytes.fill('b');
    list.add(bytes);
    const written = list.bytes().toString();
    expect(written).toBe(`$100000\r\n${'a'.repeat(100_000)}\r\n$100000\r\n${'b'.repeat(100_000)}\r\n`);
  });
});
