import type { AppliedDefinitions, Catalog } from '../catalog/catalog.ts';
import { AsofError } from '../contracts/errors.ts';
import type { DefinitionRuntime } from '../contracts/plan.ts';
import { runtimeFromBundle } from '../definitions/runtime.ts';

export interface DefinitionCache {
  /** The newest applied definitions, asked of the catalog each time. Throws `NOTHING_APPLIED`. */
  current(project: string): Promise<AppliedDefinitions>;
  /** The definitions that a run was planned with. Throws `NOTHING_APPLIED`. */
  at(project: string, fingerprint: string): Promise<AppliedDefinitions>;
  /** The derived views' functions, loaded from the catalog's bundle. Throws `DEFINITIONS_UNLOADABLE`. */
  runtime(definitions: AppliedDefinitions): Promise<DefinitionRuntime>;
}

/** Projects and versions in use at once are few; older entries are looked up again. */
const CAPACITY = 32;

/** Manifests and bundles never change under their hash, so what was loaded once stays right. */
export function createDefinitionCache(catalog: Catalog): DefinitionCache {
  const manifests = createBoundedMap<AppliedDefinitions>();
  const runtimes = createBoundedMap<DefinitionRuntime>();
  const require = (project: string, found: AppliedDefinitions | undefined): AppliedDefinitions => {
    if (!found) throw new AsofError('NOTHING_APPLIED', { project });
    return found;
  };
  return {
    current: async (project) => require(project, await catalog.definitions.current(project)),
    at: (project, fingerprint) =>
      manifests.get(`${project} ${fingerprint}`, async () =>
        require(project, await catalog.definitions.byFingerprint(project, fingerprint)),
      ),
    runtime: ({ bundleHash }) =>
      runtimes.get(bundleHash, async () => runtimeFromBundle(await catalog.definitions.bundle(bundleHash))),
  };
}

/** Calls for the same key share one load; a load that fails is forgotten. */
function createBoundedMap<V>(): { get(key: string, load: () => Promise<V>): Promise<V> } {
  const entries = new Map<string, Promise<V>>();
  return {
    get(key, load) {
      const held = entries.get(key);
      if (held) return held;
      const loading = load();
      entries.set(key, loading);
      loading.catch(() => entries.delete(key));
      const [oldest] = entries.keys();
      if (entries.size > CAPACITY && oldest !== undefined) entries.delete(oldest);
      return loading;
    },
  };
}
