/** The lake of a chaos run: a directory on a disk of its own, or a bucket behind a proxy that fails. */
import path from 'node:path';
import type { Settings } from '../../contracts/config.ts';
import { startFaultProxy, type FaultProxy } from '../support/fault-proxy.ts';
import { startS3Server } from '../support/s3.ts';
import { canMount, mountDisk, type SmallDisk } from './small-disk.ts';

export type LakeKind = 'disk' | 's3';

export interface ChaosLake {
  /** Past the proxy. */
  readonly settings: Partial<Pick<Settings, 'lake' | 's3'>>;
  /** How the workers reach it. */
  readonly environment: Readonly<Record<string, string>>;
  readonly proxy: FaultProxy | null;
  /** What the lake stands on; null for one on S3, or where no disk can be mounted. */
  readonly disk: SmallDisk | null;
  close(): Promise<void>;
}

/** On a disk: where a project in the directory has its lake unless told otherwise. */
export async function openChaosLake(kind: LakeKind, directory: string): Promise<ChaosLake> {
  if (kind === 'disk') {
    const disk = canMount ? mountDisk(path.join(directory, '.asof', 'lake')) : null;
    return { settings: {}, environment: {}, proxy: null, disk, close: async () => disk?.close() };
  }
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
    disk: null,
    async close() {
      await proxy.close();
      await server.close();
    },
  };
}
