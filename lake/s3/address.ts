import { AsofError } from '../../contracts/errors.ts';

export interface S3Address {
  readonly bucket: string;
  /** Without slashes at its ends; empty for the whole bucket. */
  readonly prefix: string;
}

/** Reads `s3://bucket/prefix`. Throws `CONFIG_INVALID`. */
export function parseS3Address(text: string): S3Address {
  const match = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/.exec(text);
  const prefix = (match?.[2] ?? '').replace(/^\/+|\/+$/g, '');
  if (!match || prefix.split('/').some((part) => part === '.' || part === '..')) {
    throw new AsofError('CONFIG_INVALID', { file: 'lake', problem: `"${text}" is not an address s3://bucket/prefix` });
  }
  return { bucket: match[1]!, prefix };
}
