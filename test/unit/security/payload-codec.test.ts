import type { Payload } from '@temporalio/common';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PayloadKeys } from '../../../contracts/payload-keys.ts';
import { createPayloadCodec } from '../../../security/payload-codec.ts';

const keys = (...ids: readonly string[]): PayloadKeys =>
  new PayloadKeys(ids.map((id) => [id, Buffer.alloc(32, id.charCodeAt(0))] as const));

const payload = (text: string): Payload => ({
  metadata: { encoding: Buffer.from('json/plain') },
  data: Buffer.from(text),
});

async function seal(one: Payload, ...ids: readonly string[]): Promise<Payload> {
  return (await createPayloadCodec(keys(...ids)).encode([one]))[0]!;
}

/** As base64, so that buffers and arrays of bytes compare. */
function plain({ metadata, data }: Payload): unknown {
  const text = (bytes: Uint8Array | null | undefined): string => Buffer.from(bytes ?? []).toString('base64');
  return [Object.entries(metadata ?? {}).map(([name, bytes]) => [name, text(bytes)]), text(data)];
}

describe('a payload', () => {
  it('comes back as it was, whatever it holds', async () => {
    const codec = createPayloadCodec(keys('a'));
    const bytes = fc.uint8Array({ maxLength: 200 });
    const metadata = fc.dictionary(fc.string({ minLength: 1 }), bytes, { maxKeys: 3, noNullPrototype: true });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.record({ metadata, data: bytes }), { maxLength: 4 }), async (payloads) => {
        const opened = await codec.decode(await codec.encode(payloads));
        expect(opened.map(plain)).toEqual(payloads.map(plain));
      }),
      { numRuns: 200 },
    );
  });

  it('shows nothing but the id of its key, and never twice the same bytes', async () => {
    const [one, other] = [await seal(payload('"marked"'), 'a'), await seal(payload('"marked"'), 'a')];
    expect(Object.keys(one.metadata!)).toEqual(['encoding', 'encryption-key-id']);
    expect(Buffer.from(one.metadata!['encryption-key-id']!).toString()).toBe('a');
    expect(Buffer.from(one.data!).includes('marked')).toBe(false);
    expect(plain(one)).not.toEqual(plain(other));
  });

  it('of an older key is read, and new ones are written with the first', async () => {
    const old = await seal(payload('1'), 'a');
    const codec = createPayloadCodec(keys('b', 'a'));
    expect((await codec.decode([old])).map(plain)).toEqual([plain(payload('1'))]);
    const [written] = await codec.encode([payload('2')]);
    expect(Buffer.from(written!.metadata!['encryption-key-id']!).toString()).toBe('b');
  });

  it('from before encryption is read as it is; without keys nothing is encrypted', async () => {
    expect(await createPayloadCodec(keys('a')).decode([payload('1')])).toEqual([payload('1')]);
    expect(await createPayloadCodec(null).encode([payload('1')])).toEqual([payload('1')]);
  });
});

describe('what cannot be decrypted', () => {
  it('of an unknown key names the key and those there are', async () => {
    const sealed = await seal(payload('1'), 'old-key');
    const refused = { code: 'PAYLOAD_KEY_UNKNOWN', message: expect.stringContaining('the key old-key') as string };
    await expect(createPayloadCodec(keys('b')).decode([sealed])).rejects.toMatchObject(refused);
    await expect(createPayloadCodec(null).decode([sealed])).rejects.toMatchObject(refused);
  });

  it('because a bit was flipped anywhere, or it was cut short, is an error', async () => {
    const sealed = await seal(payload('"a value"'), 'a');
    const codec = createPayloadCodec(keys('a'));
    for (let index = 0; index < sealed.data!.length; index++) {
      const data = Buffer.from(sealed.data!);
      data[index]! ^= 1;
      await expect(codec.decode([{ ...sealed, data }])).rejects.toMatchObject({ code: 'PAYLOAD_UNREADABLE' });
    }
    for (const length of [0, 5, 28, sealed.data!.length - 1]) {
      const cut = { ...sealed, data: sealed.data!.subarray(0, length) };
      await expect(codec.decode([cut])).rejects.toMatchObject({ code: 'PAYLOAD_UNREADABLE' });
    }
  });

  it('because it says another key than its own is an error, though the bytes of both are the same', async () => {
    const bytes = Buffer.alloc(32, 7);
    const both = new PayloadKeys([
      ['a', bytes],
      ['b', bytes],
    ]);
    const [sealed] = await createPayloadCodec(both).encode([payload('1')]);
    const moved = { ...sealed!, metadata: { ...sealed!.metadata, 'encryption-key-id': Buffer.from('b') } };
    await expect(createPayloadCodec(both).decode([moved])).rejects.toMatchObject({ code: 'PAYLOAD_UNREADABLE' });
  });
});
