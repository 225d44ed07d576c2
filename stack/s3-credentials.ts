/** Keys of the embedded S3 server, in the file that every AWS tool reads: `AWS_SHARED_CREDENTIALS_FILE`. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

export interface S3Keys {
  readonly id: string;
  readonly secret: string;
}

export function s3Directory(stateDirectory: string): string {
  return path.join(stateDirectory, 's3');
}

export function s3CredentialsFile(stateDirectory: string): string {
  return path.join(s3Directory(stateDirectory), 'credentials');
}

/** The keys of this state directory, made at the first call. Only their owner may read them. */
export function provideS3Keys(stateDirectory: string): S3Keys {
  const file = s3CredentialsFile(stateDirectory);
  if (!existsSync(file)) {
    const [id, secret] = [`asof${randomBytes(8).toString('hex')}`, randomBytes(24).toString('hex')];
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(file, `[default]\naws_access_key_id = ${id}\naws_secret_access_key = ${secret}\n`, { mode: 0o600 });
  }
  const text = readFileSync(file, 'utf8');
  const valueOf = (name: string): string => new RegExp(`^${name}\\s*=\\s*(\\S+)`, 'm').exec(text)?.[1] ?? '';
  return { id: valueOf('aws_access_key_id'), secret: valueOf('aws_secret_access_key') };
}
