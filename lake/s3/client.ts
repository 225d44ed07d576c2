/** The SDK's client, set up for our own retries and deadlines. */
import { readFileSync } from 'node:fs';
import { S3Client } from '@aws-sdk/client-s3';
import type { Settings } from '../../contracts/config.ts';
import { AsofError } from '../../contracts/errors.ts';

/**
 * Credentials come from the SDK's own chain (environment, profile, role), or from the file of the embedded server's keys.
 * Throws `CONFIG_INVALID` when that file cannot be read.
 */
export function createS3Client({ endpoint, region, forcePathStyle, credentialsFile }: Settings['s3']): S3Client {
  // a notice to the people who run a server, not to those who run a command
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
  return new S3Client({
    region,
    forcePathStyle,
    maxAttempts: 1,
    // what is read is held against the SHA-256 that was stored with it
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: { connectionTimeout: 5_000 },
    ...(endpoint !== null && { endpoint }),
    ...(credentialsFile !== null && { credentials: readCredentials(credentialsFile) }),
  });
}

/** The first profile of a shared credentials file. */
function readCredentials(file: string): { readonly accessKeyId: string; readonly secretAccessKey: string } {
  const text = readIfThere(file);
  const valueOf = (name: string): string | undefined => new RegExp(`^${name}\\s*=\\s*(\\S+)`, 'm').exec(text)?.[1];
  const accessKeyId = valueOf('aws_access_key_id');
  const secretAccessKey = valueOf('aws_secret_access_key');
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    throw new AsofError('CONFIG_INVALID', { file, problem: 'it holds no keys; run `asof dev --with s3`' });
  }
  return { accessKeyId, secretAccessKey };
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
