import { randomUUID } from 'node:crypto';
import { messageOf } from '../../contracts/errors.ts';
import type { LakeSettings } from '../open.ts';
import { STAGING } from '../paths.ts';
import { parseS3Address } from './address.ts';
import { Bucket, NAME_IS_FREE } from './bucket.ts';
import { createS3Client } from './client.ts';
import { PATIENCE } from './retries.ts';

/** A person waits for the answer. */
const BRIEF = { ...PATIENCE, attempts: 2, deadlineMillis: 5_000 };

/**
 * What keeps a lake from standing in a bucket, in words; undefined when nothing does. Lists the bucket, and writes an
 * object twice on the condition that it is not there: the second time must fail, or two writers could replace each other's
 * files. The object is removed.
 */
export async function findBucketProblem({ lake, project, s3 }: LakeSettings): Promise<string | undefined> {
  const probe = `${STAGING}/probe-${randomUUID()}`;
  const facts = { bytes: 0, checksum: '' };
  const once = new Uint8Array(0);
  try {
    const { bucket: name, prefix } = parseS3Address(lake);
    const client = createS3Client(s3);
    try {
      const address = { bucket: name, prefix: [prefix, project].filter((part) => part !== '').join('/') };
      const bucket = new Bucket(client, address, BRIEF);
      await bucket.reach();
      const created = await bucket.put(probe, once, facts, NAME_IS_FREE);
      const createdAgain = await bucket.put(probe, once, facts, NAME_IS_FREE);
      await bucket.remove(probe);
      return created && !createdAgain ? undefined : 'it does not honour conditional puts (If-None-Match)';
    } finally {
      client.destroy();
    }
  } catch (error) {
    return messageOf(error);
  }
}
