/** A real S3 server for one test file, with a bucket of its own. */
import path from 'node:path';
import type { Settings } from '../../contracts/config.ts';
import { s3CredentialsFile, s3Directory } from '../../stack/s3-credentials.ts';
import { s3Component } from '../../stack/s3-server.ts';
import { terminate } from '../../stack/termination.ts';
import { temporaryDirectory } from './stack.ts';

export interface S3Server {
  readonly endpoint: string;
  readonly bucket: string;
  /** Where the server keeps the objects of the bucket as files. */
  readonly dataDirectory: string;
  /** Settings of a lake in this server, to go into `settingsFor`. */
  settings(prefix?: string): Pick<Settings, 'lake' | 's3'>;
  close(): Promise<void>;
}

/** Builds the server first when this machine has none. */
export async function startS3Server(): Promise<S3Server> {
  const directory = temporaryDirectory('asof-s3-');
  const program = await s3Component.provide((line) => process.stderr.write(`${line}\n`));
  const bucket = 'asof-test';
  const running = await s3Component.start(program, {
    directory: directory.path,
    namespace: '',
    bucket,
    ports: 'free',
    durable: false,
    launched: () => undefined,
  });
  const endpoint = running.address ?? '';
  const s3 = {
    endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentialsFile: s3CredentialsFile(directory.path),
  };
  return {
    endpoint,
    bucket,
    dataDirectory: path.join(s3Directory(directory.path), 'data', bucket),
    settings: (prefix = 'lake') => ({ lake: `s3://${bucket}/${prefix}`, s3 }),
    async close() {
      await terminate('s3', running.process);
      directory.remove();
    },
  };
}
