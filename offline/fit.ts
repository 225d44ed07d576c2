/** `asof fit`: from a view's name to a numbered fit in the catalog. */
import type { Catalog } from '../catalog/catalog.ts';
import { AsofError } from '../contracts/errors.ts';
import type { FitVersion } from '../contracts/fits.ts';
import type { Manifest } from '../contracts/manifest.ts';
import { formatInstant, type Micros } from '../contracts/time.ts';
import { fittedFeatures, servicesFittedBy } from '../definitions/fitting.ts';
import { findStoredView } from '../definitions/stored-view.ts';
import { viewSource } from '../definitions/view-source.ts';
import { fitView, type FitDependencies } from './fit-view.ts';

export interface FitInput {
  readonly manifest: Manifest;
  readonly view: string;
  readonly from: Micros | null;
  readonly until: Micros;
  /** Fits again what is fitted. */
  readonly refit: boolean;
  /** Services that go over to the fit, or all that read the view. */
  readonly services: readonly string[] | 'all';
}

export interface Fitted {
  readonly fit: FitVersion;
  /** False when the view was fitted before, and `refit` was not asked for. */
  readonly isNew: boolean;
  /** Every service that reads the view with its fit. */
  readonly services: Readonly<Record<string, number>>;
}

/**
 * Fits a view, unless it is fitted. A service that holds no fit of this version of the view gets the one that it was
 * answered with; `services` go over to the fit. Throws `UNKNOWN_NAME`, `INVALID_RANGE`, `INVALID_VALUE` for a view without
 * fitted transforms, and what `fitView` throws; nothing is stored then.
 */
export async function fit(
  dependencies: Omit<FitDependencies, 'tables'> & { readonly catalog: Pick<Catalog, 'tables' | 'fits'> },
  input: FitInput,
): Promise<Fitted> {
  const { manifest, from, until } = input;
  const { fits, tables } = dependencies.catalog;
  const { project } = manifest;
  const { view, source: base } = requireFittedView(manifest, input.view);
  const source = viewSource(view, base);
  if (from !== null && from >= until) {
    throw new AsofError('INVALID_RANGE', { where: `fit ${view.name}`, problem: '"from" must be before "until"' });
  }
  const readers = servicesFittedBy(manifest, view.name);
  const moved = input.services === 'all' ? readers : requireReaders(input.services, readers, view.name);
  const place = { project, view: view.name, fingerprint: view.fingerprint };
  const earlier = (await fits.list(project, view.name)).findLast(({ fingerprint }) => fingerprint === view.fingerprint);
  if (earlier !== undefined && !input.refit) {
    if (moved.length > 0) await fits.hold({ ...place, version: earlier.version, services: moved });
    return { fit: earlier, isNew: false, services: await heldBy(fits, place, readers) };
  }
  const fitted = await fitView({ ...dependencies, tables }, { project, view, source, base, from, until });
  const { fingerprint } = view;
  const made = await fits.add({ project, fit: { view: view.name, fingerprint, ...fitted }, services: readers, moved });
  return { fit: made, isNew: true, services: await heldBy(fits, place, readers) };
}

function requireFittedView(manifest: Manifest, name: string): NonNullable<ReturnType<typeof findStoredView>> {
  const found = findStoredView(manifest, name, 'fit');
  if (found === undefined || !fittedFeatures(found.view).length) {
    const problem = 'none of its features has a transform without parameters, so there is nothing to fit';
    throw new AsofError('INVALID_VALUE', { where: `view ${name}`, problem });
  }
  return found;
}

function requireReaders(services: readonly string[], readers: readonly string[], view: string): readonly string[] {
  const stranger = services.find((service) => !readers.includes(service));
  if (stranger === undefined) return services;
  const where = `services that read fitted features of ${view}`;
  throw new AsofError('UNKNOWN_NAME', { where, kind: 'service', name: stranger, known: readers });
}

async function heldBy(
  fits: Catalog['fits'],
  { project, view, fingerprint }: { readonly project: string; readonly view: string; readonly fingerprint: string },
  readers: readonly string[],
): Promise<Readonly<Record<string, number>>> {
  const { services } = await fits.current(project);
  const held = services.filter((one) => one.view === view && one.fingerprint === fingerprint);
  return Object.fromEntries(
    held.filter(({ service }) => readers.includes(service)).map(({ service, version }) => [service, version]),
  );
}

/** A fit as JSON for people and programs. */
export function describeFit({ createdAt, from, until, ...fit }: FitVersion) {
  return {
    ...fit,
    from: from === null ? null : formatInstant(from),
    until: formatInstant(until),
    createdAt: formatInstant(createdAt),
  };
}
