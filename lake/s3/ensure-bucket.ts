import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { createS3Client } from './client.ts';
import { nameOf } from './failures.ts';

/** Creates a bucket unless it is there. False when the server does not answer, or does not take the keys. */
export async function ensureBucket(input: {
  readonly endpoint: string;
  readonly credentialsFile: string;
  readonly bucket: string;
}): Promise<boolean> {
  const { bucket, ...server } = input;
  const client = createS3Client({ ...server, region: 'us-east-1', forcePathStyle: true });
  try {
    await client.send(new CreateBucketCommand({ Bucket: bucket }), { abortSignal: AbortSignal.timeout(2_000) });
    return true;
  } catch (error) {
    return nameOf(error) === 'BucketAlreadyOwnedByYou';
  } finally {
    client.destroy();
  }
}
