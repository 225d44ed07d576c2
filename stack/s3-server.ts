/** The embedded S3 server on loopback, with keys of its own, data in `.asof/s3`. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { Component } from './component.ts';
import { provideS3Keys, s3CredentialsFile, s3Directory } from './s3-credentials.ts';
import { isMoto, locateS3, provideS3 } from './s3-programs.ts';
import { startProcess } from './start-process.ts';

export const DEFAULT_BUCKET = 'asof';

export const s3Component: Component = {
  name: 's3',
  locate: locateS3,
  provide: provideS3,
  start: (program, options) => {
    const { directory: state, bucket = DEFAULT_BUCKET } = options;
    const keys = provideS3Keys(state);
    const data = path.join(s3Directory(state), 'data');
    mkdirSync(data, { recursive: true });
    return startProcess(
      {
        name: 's3',
        ports: [7070],
        timeoutMillis: 60_000,
        command: ([port]) => ({
          program,
          args: isMoto(program)
            ? ['-H', '127.0.0.1', '-p', String(port)]
            : ['--port', `127.0.0.1:${port}`, '--quiet', 'posix', data],
          env: { ...withoutServerSettings(process.env), ROOT_ACCESS_KEY: keys.id, ROOT_SECRET_KEY: keys.secret },
          directory: s3Directory(state),
        }),
        probe: async ({ ports: [port] }) => {
          const endpoint = `http://127.0.0.1:${port}`;
          // loaded on use: the SDK is large, and most stacks have no S3. Another server on this port would not take our keys
          const { ensureBucket } = await import('../lake/s3/ensure-bucket.ts');
          const isOurs = await ensureBucket({ endpoint, credentialsFile: s3CredentialsFile(state), bucket });
          return isOurs ? { address: endpoint, ui: null } : undefined;
        },
      },
      options,
    );
  },
};

/** The server reads settings of its own from the environment; a user's must not reach it. */
function withoutServerSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^(VGW|ROOT|MOTO)_/.test(name)));
}
