/** Large objects in parts: nothing stands under the final name until all parts are there. */
import { open, type FileHandle } from 'node:fs/promises';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  UploadPartCommand,
  type CompletedPart,
} from '@aws-sdk/client-s3';
import type { FileFacts } from '../durable-file.ts';
import { CHECKSUM_METADATA, type Bucket, type PutCondition } from './bucket.ts';
import { lakeFailure, nameOf, statusOf } from './failures.ts';
import { Gate } from '../gate.ts';

/** The most parts that S3 puts together. */
const MOST_PARTS = 10_000;
/** Parts of one object on their way at once, each held in memory. */
const PARTS_AT_ONCE = 4;
const CHECKSUM_ALGORITHM = 'CRC32';

/**
 * Writes the object from a file, in parts of at least `partBytes`. False when the condition does not hold: an earlier attempt
 * may have succeeded. What was uploaded of a failed attempt is removed.
 */
export async function putInParts(
  bucket: Bucket,
  path: string,
  file: string,
  facts: FileFacts,
  { partBytes, condition }: { readonly partBytes: number; readonly condition: PutCondition },
): Promise<boolean> {
  const upload = await begin(bucket, path, facts);
  try {
    const parts = await uploadParts(bucket, path, upload, file, facts.bytes, partBytes);
    if (await complete(bucket, path, upload, parts, condition)) return true;
  } catch (error) {
    // the failure counts, not that of the clean-up; gc finds what stays
    await abort(bucket, path, upload).catch(() => undefined);
    throw lakeFailure(path, error);
  }
  await abort(bucket, path, upload).catch(() => undefined);
  return false;
}

/** Removes the parts of uploads that began before an instant and never ended; answers how many. */
export async function abortUnfinished(bucket: Bucket, beforeMillis: number): Promise<number> {
  const { Bucket: name, Key: prefix } = bucket.at('');
  let aborted = 0;
  let markers: { readonly KeyMarker?: string; readonly UploadIdMarker?: string } | undefined = {};
  while (markers) {
    const command: ListMultipartUploadsCommand = new ListMultipartUploadsCommand({
      Bucket: name,
      Prefix: prefix,
      ...markers,
    });
    const page = await bucket
      .send((client, options) => client.send(command, options))
      .catch((error: unknown) => {
        throw lakeFailure(`s3://${name}/${prefix}`, error);
      });
    for (const { Key: key, UploadId: upload, Initiated: begun } of page.Uploads ?? []) {
      if (!key?.startsWith(prefix) || upload === undefined || (begun?.getTime() ?? 0) >= beforeMillis) continue;
      await abort(bucket, key.slice(prefix.length), upload);
      aborted += 1;
    }
    const { NextKeyMarker: KeyMarker, NextUploadIdMarker: UploadIdMarker } = page;
    const isMore = page.IsTruncated === true && KeyMarker !== undefined;
    markers = isMore ? { KeyMarker, ...(UploadIdMarker !== undefined && { UploadIdMarker }) } : undefined;
  }
  return aborted;
}

async function begin(bucket: Bucket, path: string, { checksum }: FileFacts): Promise<string> {
  const command = new CreateMultipartUploadCommand({
    ...bucket.at(path),
    ChecksumAlgorithm: CHECKSUM_ALGORITHM,
    Metadata: { [CHECKSUM_METADATA]: checksum },
  });
  try {
    const { UploadId } = await bucket.send((client, options) => client.send(command, options));
    return UploadId ?? '';
  } catch (error) {
    throw lakeFailure(path, error);
  }
}

async function uploadParts(
  bucket: Bucket,
  path: string,
  upload: string,
  file: string,
  bytes: number,
  partBytes: number,
): Promise<readonly CompletedPart[]> {
  const length = Math.max(partBytes, Math.ceil(bytes / MOST_PARTS));
  const gate = new Gate(PARTS_AT_ONCE);
  const handle = await open(file);
  let failed = false;
  try {
    const parts = Array.from({ length: Math.ceil(bytes / length) }, (_, index) =>
      gate.through(async () => {
        // after one failure the rest of the parts are of no use
        if (failed) throw new Error('another part failed');
        try {
          const body = await readPart(handle, index * length, Math.min(length, bytes - index * length));
          return await uploadPart(bucket, path, upload, index + 1, body);
        } catch (error) {
          failed = true;
          throw error;
        }
      }),
    );
    // all must have ended before the file is closed
    const outcomes = await Promise.allSettled(parts);
    await Promise.all(parts);
    return outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  } finally {
    await handle.close();
  }
}

async function readPart(handle: FileHandle, position: number, length: number): Promise<Uint8Array> {
  const part = Buffer.alloc(length);
  for (let filled = 0; filled < length;) {
    const { bytesRead } = await handle.read(part, filled, length - filled, position + filled);
    if (bytesRead === 0) throw new RangeError('the staged file became shorter while it was uploaded');
    filled += bytesRead;
  }
  return part;
}

async function uploadPart(
  bucket: Bucket,
  path: string,
  upload: string,
  number: number,
  body: Uint8Array,
): Promise<CompletedPart> {
  const command = new UploadPartCommand({
    ...bucket.at(path),
    UploadId: upload,
    PartNumber: number,
    ChecksumAlgorithm: CHECKSUM_ALGORITHM,
    Body: body,
  });
  const { ETag, ChecksumCRC32 } = await bucket.send((client, options) => client.send(command, options));
  return { PartNumber: number, ETag, ...(ChecksumCRC32 !== undefined && { ChecksumCRC32 }) };
}

/** False when the condition does not hold. An upload that is not there any more was completed by an attempt whose answer was lost. */
async function complete(
  bucket: Bucket,
  path: string,
  upload: string,
  parts: readonly CompletedPart[],
  condition: PutCondition,
): Promise<boolean> {
  const command = new CompleteMultipartUploadCommand({
    ...bucket.at(path),
    UploadId: upload,
    ...condition,
    MultipartUpload: { Parts: [...parts] },
  });
  try {
    await bucket.send((client, options) => client.send(command, options));
    return true;
  } catch (error) {
    if (statusOf(error) === 412 || nameOf(error) === 'NoSuchUpload') return false;
    throw error;
  }
}

async function abort(bucket: Bucket, path: string, upload: string): Promise<void> {
  const command = new AbortMultipartUploadCommand({ ...bucket.at(path), UploadId: upload });
  try {
    await bucket.send((client, options) => client.send(command, options));
  } catch (error) {
    if (nameOf(error) !== 'NoSuchUpload') throw lakeFailure(path, error);
  }
}
