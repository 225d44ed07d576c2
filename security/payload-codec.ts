/** Encryption of what Temporal keeps of runs: AES-256-GCM, the id of the key beside each payload. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Payload, PayloadCodec } from '@temporalio/common';
import proto from '@temporalio/proto';
import { AsofError } from '../contracts/errors.ts';
import type { PayloadKeys } from '../contracts/payload-keys.ts';

/** What Temporal's own examples call it, so that pages and tools know the payload for an encrypted one. */
const ENCODING = 'binary/encrypted';
const CIPHER = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;

const { Payload: PayloadMessage } = proto.temporal.api.common.v1;

/**
 * Encodes with the key that writes, and decodes by the key that each payload names. What is not encrypted is decoded as it is: runs
 * from before encryption stay readable. Without keys nothing is encoded. Decoding throws `PAYLOAD_KEY_UNKNOWN`, and `PAYLOAD_UNREADABLE`
 * for what is not the work of its key.
 */
export function createPayloadCodec(keys: PayloadKeys | null): PayloadCodec {
  return {
    encode: async (payloads) => (keys === null ? payloads : payloads.map((payload) => seal(payload, keys))),
    decode: async (payloads) => payloads.map((payload) => (isSealed(payload) ? open(payload, keys) : payload)),
  };
}

function seal(payload: Payload, keys: PayloadKeys): Payload {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(CIPHER, requireKey(keys, keys.writes), iv, { authTagLength: TAG_BYTES });
  cipher.setAAD(boundTo(keys.writes));
  const plain = PayloadMessage.encode(payload).finish();
  return {
    metadata: { encoding: Buffer.from(ENCODING), 'encryption-key-id': Buffer.from(keys.writes) },
    data: Buffer.concat([iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()]),
  };
}

function open(payload: Payload, keys: PayloadKeys | null): Payload {
  const id = textOf(payload.metadata?.['encryption-key-id']);
  const key = requireKey(keys, id);
  const data = payload.data ?? new Uint8Array();
  if (data.length < IV_BYTES + TAG_BYTES) throw unreadable(id);
  try {
    const decipher = createDecipheriv(CIPHER, key, data.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES });
    decipher.setAAD(boundTo(id));
    decipher.setAuthTag(data.subarray(-TAG_BYTES));
    const sealed = data.subarray(IV_BYTES, -TAG_BYTES);
    const { metadata, data: plain } = PayloadMessage.decode(Buffer.concat([decipher.update(sealed), decipher.final()]));
    return { metadata, data: plain };
  } catch (error) {
    throw unreadable(id, error);
  }
}

/** The key's id is part of what the tag vouches for. */
function boundTo(id: string): Buffer {
  return Buffer.from(`${ENCODING}\0${id}`);
}

function isSealed(payload: Payload): boolean {
  return textOf(payload.metadata?.['encoding']) === ENCODING;
}

function textOf(bytes: Uint8Array | null | undefined): string {
  return Buffer.from(bytes ?? []).toString('utf8');
}

function requireKey(keys: PayloadKeys | null, id: string): Uint8Array {
  const key = keys?.bytesOf(id);
  if (key !== undefined) return key;
  throw new AsofError('PAYLOAD_KEY_UNKNOWN', { key: id.slice(0, 64), known: keys?.reads ?? ['none'] });
}

function unreadable(id: string, cause?: unknown): AsofError {
  return new AsofError('PAYLOAD_UNREADABLE', { key: id }, cause);
}
