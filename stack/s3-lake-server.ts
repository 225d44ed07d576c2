/** Which S3 server a project's lake stands in: one that the settings name, Amazon's, or the embedded one. */
import { existsSync } from 'node:fs';
import type { Settings } from '../contracts/config.ts';
import { parseS3Address } from '../lake/s3/address.ts';
import { findRunning } from './run-records.ts';
import { s3CredentialsFile } from './s3-credentials.ts';
import { DEFAULT_BUCKET } from './s3-server.ts';

/** The bucket of the lake, otherwise one to try things out in. Throws `CONFIG_INVALID`. */
export function bucketOf({ lake }: Pick<Settings, 'lake'>): string {
  return lake.startsWith('s3://') ? parseS3Address(lake).bucket : DEFAULT_BUCKET;
}

/**
 * Whether the lake stands in the embedded server: it is on S3, no server is named, and the embedded one was once started
 * here with `asof dev --with s3`.
 */
export function needsEmbeddedS3({ lake, s3, stateDirectory }: Settings): boolean {
  return lake.startsWith('s3://') && s3.endpoint === null && existsSync(s3CredentialsFile(stateDirectory));
}

/** Fills in endpoint and keys of the embedded server, where it runs and no other is named. */
export function withEmbeddedS3(settings: Settings): Settings {
  const { stateDirectory, s3 } = settings;
  const address = findRunning(stateDirectory, 's3')?.address ?? null;
  if (address === null || (s3.endpoint !== null && s3.endpoint !== address)) return settings;
  const credentialsFile = s3CredentialsFile(stateDirectory);
  return { ...settings, s3: { ...s3, endpoint: address, forcePathStyle: true, credentialsFile } };
}
