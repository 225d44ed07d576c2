/** Definitions that a program adds to those that are applied. */
import type { AppliedDefinitions, Catalog } from '../catalog/catalog.ts';
import type { Settings } from '../contracts/config.ts';
import { AsofError } from '../contracts/errors.ts';
import type { Manifest } from '../contracts/manifest.ts';
import { notAvailableYet } from '../definitions/availability.ts';
import { declaredSchedules } from '../definitions/declared-schedules.ts';
import { diffManifests } from '../definitions/diff.ts';
import { sha256 } from '../definitions/fingerprint.ts';
import { registerDefinitions } from '../definitions/registration.ts';
import { isRegistered } from '../definitions/registration/references.ts';
import { checkQueries } from '../offline/made-rows/check-queries.ts';
import type { Registration } from './store.ts';

/** Others may apply in between; every loss of that race is somebody's success. */
const MOST_ATTEMPTS = 20;

/** Throws `CONFLICT`, `DEFINITIONS_INVALID` and `NOT_AVAILABLE_YET`; nothing is applied then. */
export async function register(
  { definitions: catalog }: Pick<Catalog, 'definitions'>,
  settings: Pick<Settings, 'project' | 'projectDirectory'>,
  definitions: readonly unknown[],
): Promise<Registration> {
  for (let attempt = 1; ; attempt += 1) {
    const current = await catalog.current(settings.project);
    const manifest = registerDefinitions(current?.manifest, definitions, settings);
    refuseUnavailable(manifest);
    await checkQueries(manifest);
    const added = diffManifests(current?.manifest, manifest).changes.map(({ kind, name }) => `${kind} ${name}`);
    const bundle = await bundleOf(catalog, current);
    const applied = await catalog
      .apply({ project: settings.project, base: current?.version ?? 0, manifest, bundle })
      .catch((error: unknown) => {
        const isRace = error instanceof AsofError && error.code === 'CONFLICT';
        if (!isRace || attempt === MOST_ATTEMPTS) throw error;
      });
    if (applied !== undefined) return { version: applied.version, added };
  }
}

function refuseUnavailable(manifest: Manifest): void {
  const [unavailable] = notAvailableYet(manifest);
  if (unavailable) throw new AsofError('NOT_AVAILABLE_YET', { ...unavailable });
  // schedules are made by `asof apply`, which reads files
  const [scheduled] = declaredSchedules({
    ...manifest,
    sources: manifest.sources.filter(isRegistered),
    views: manifest.views.filter(isRegistered),
    services: manifest.services.filter(isRegistered),
  });
  if (scheduled) {
    const place = scheduled.name.replace('/', ' ');
    throw new AsofError('NOT_AVAILABLE_YET', { place, what: 'a schedule of what a program registers' });
  }
}

/** What is registered has no functions, so the code stays that of the files; before any, it is empty. */
async function bundleOf(
  catalog: Catalog['definitions'],
  current: AppliedDefinitions | undefined,
): Promise<{ readonly hash: string; readonly code: string }> {
  if (current === undefined) return { hash: sha256(''), code: '' };
  return { hash: current.bundleHash, code: await catalog.bundle(current.bundleHash) };
}
