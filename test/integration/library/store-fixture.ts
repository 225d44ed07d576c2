/** Stores of a project of its own, on the servers of the test run. */
import { entity, featureView, numeric, openStore, pushSource, type Store } from '../../../index.ts';
import { createDatabase, temporaryDirectory, testStack, uniqueName } from '../../support/stack.ts';

export interface StoreFixture {
  readonly project: string;
  readonly directory: string;
  readonly catalogUrl: string;
  /** Another store of the same project, as another program has it. */
  open(overrides?: { readonly redis?: string }): Promise<Store>;
  close(): Promise<void>;
}

export async function openFixture(): Promise<StoreFixture> {
  const directory = temporaryDirectory();
  const database = await createDatabase();
  const project = uniqueName('library');
  const stores: Store[] = [];
  process.env['ASOF_MEMORY_LIMIT'] = '1GB';
  return {
    project,
    directory: directory.path,
    catalogUrl: database.url,
    async open(overrides = {}) {
      const { redisUrl } = testStack();
      const config = { project, directory: directory.path, catalog: database.url, redis: redisUrl, ...overrides };
      const store = await openStore(config);
      stores.push(store);
      return store;
    },
    async close() {
      await Promise.all(stores.map((store) => store.close()));
      await database.drop();
      directory.remove();
    },
  };
}

export const user = entity('user', { keys: { user_id: 'int64' } });

/** Fresh definitions of a source of purchases and an online view of the last one. */
export function purchaseDefinitions<const Source extends string, const View extends string>(names: {
  readonly source: Source;
  readonly view: View;
}) {
  const source = pushSource(names.source, {
    timestamp: 'at',
    schema: { at: 'timestamp', user_id: 'int64', amount: 'float64', items: 'int64', shop: 'string' },
  });
  const view = featureView(names.view, {
    entities: [user],
    source,
    online: true,
    features: { amount: numeric(), items: numeric({ default: 0 }) },
  });
  return { source, view };
}
