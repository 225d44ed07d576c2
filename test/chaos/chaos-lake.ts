/** The lake of a chaos run: a directory, or a bucket behind a proxy that fails. */
import type { Settings } from '../../contracts/config.ts';
import { startFaultProxy, type FaultProxy } from '../support/fault-proxy.ts';
import { startS3Server } from '../support/s3.ts';

export type LakeKind = 'disk' | 's3';

export interface ChaosLake {
  /** Past the proxy. */
  readonly settings: Partial<Pick<Settings, 'lake' | 's3'>>;
  /** How the workers reach it. */
  readonly environment: Readonly<Record<string, string>>;
  readonly proxy: FaultProxy | null;
  close(): Promise<void>;
}

export async function openChaosLake(kind: LakeKind): Promise<ChaosLake> {
  if (kind === 'disk') return { settings: {}, environment: {}, proxy: null, close: async () => undefined };
  const server = await startS3Server();
  const proxy = await startFaultProxy(server.endpoint);
  const settings = server.settings();
  return {
    settings,
    environment: {
      ASOF_LAKE_URL: settings.lake,
      S3_ENDPOINT: proxy.endpoint,
      AWS_SHARED_CREDENTIALS_FILE: settings.s3.credentialsFile ?? '',
    },
    proxy,
    async close() {
      await proxy.close();
      await server.close();
    },
  };
}
