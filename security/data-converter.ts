import { fileURLToPath } from 'node:url';
import type { DataConverter } from '@temporalio/common';
import type { PayloadKeys } from '../contracts/payload-keys.ts';
import { createPayloadCodec } from './payload-codec.ts';

/** The module that hides messages of failures; the bundle of workflow code needs it too. */
export const FAILURE_CONVERTER_PATH = fileURLToPath(new URL('failure-converter.cjs', import.meta.url));

/**
 * How a client or a worker writes and reads payloads. Without keys in clear text; what is encrypted is refused then with the id of
 * its key.
 */
export function dataConverterFor(keys: PayloadKeys | null | undefined): DataConverter {
  return {
    payloadCodecs: [createPayloadCodec(keys ?? null)],
    ...(keys && { failureConverterPath: FAILURE_CONVERTER_PATH }),
  };
}
