/** Pushes of one project by names: definitions and stores behind one call. */
import type { Catalog } from '../catalog/catalog.ts';
import type { Manifest } from '../contracts/manifest.ts';
import type { Engine } from '../engine/engine.ts';
import { withLakeWork } from '../lake/lake-work.ts';
import type { Lake } from '../lake/lake.ts';
import type { RedisClient } from '../online/redis-client.ts';
import type { DefinitionSource } from './applied-definitions.ts';
import { createOnlineFollowers } from './online-followers.ts';
import { put, type PutRequest } from './puts.ts';
import type { PutResult } from './store.ts';

export interface PushStores {
  readonly project: string;
  readonly catalog: Catalog;
  readonly lake: Lake;
  readonly engine: Engine;
  readonly redis: RedisClient;
  readonly definitions: DefinitionSource;
}

/** By the newest definitions, which the rows may depend on. Throws what `Store.putFeatures` throws, and `NOTHING_APPLIED`. */
export type Push = (ask: (manifest: Manifest) => PutRequest) => Promise<PutResult>;

export function openPushes({ definitions, ...stores }: PushStores): Push {
  const followers = createOnlineFollowers({ ...stores, runtime: async () => (await definitions.current()).runtime });
  const { catalog, project } = stores;
  return (ask) =>
    withLakeWork(catalog.work, project, async () => {
      const { manifest } = (await definitions.current()).applied;
      return put({ ...stores, followers }, manifest, ask(manifest));
    });
}
