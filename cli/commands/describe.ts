import type { Catalog } from '../../catalog/catalog.ts';
import { foldLedger } from '../../catalog/ledger.ts';
import { AsofError } from '../../contracts/errors.ts';
import type { FeatureViewManifest, Manifest, ServiceManifest } from '../../contracts/manifest.ts';
import { describeFit } from '../../offline/fit.ts';
import { formatDuration, formatInstant } from '../../contracts/time.ts';
import { describeFreshness, readFreshness } from '../../online/freshness.ts';
import { openRedisClient } from '../../online/redis-client.ts';
import { collect } from '../arguments.ts';
import { describeConsistency, summarizeConsistency } from '../consistency-summary.ts';
import { describeEntity } from '../entity-description.ts';
import type { CommandContext, Register } from '../main.ts';
import { withOfflineStores, type OfflineStores } from '../offline-stores.ts';
import { requireApplied, withCatalog } from '../project.ts';
import { describeSource, type Description } from '../source-description.ts';
import { drawTable, formatCount, plural } from '../table.ts';

export const registerDescribe: Register = (program, run) => {
  program
    .command('describe')
    .description('what a source, view, entity or service is, or an entity key has, and what the stores hold of it')
    .argument('[name]')
    .option('--measure', "a source's storage overhead, by writing its rows once more")
    .option('--entity <column=key>', 'instead of a name: the views and values of an entity; once for each key', collect)
    .action((name: string | undefined, { measure = false, entity }: DescribeOptions) =>
      run((context) => {
        if ((name === undefined) === (entity === undefined))
          throw new AsofError('USAGE', { problem: 'give a name, or the keys of an entity with --entity' });
        if (entity !== undefined) return showEntity(context, entity);
        return measure
          ? withOfflineStores(context, (stores) =>
              show(context, stores.settings.project, stores.catalog, name!, stores),
            )
          : withCatalog(context, ({ settings, catalog }) => show(context, settings.project, catalog, name!));
      }),
    );
};

interface DescribeOptions {
  readonly measure?: boolean;
  readonly entity?: readonly string[];
}

function showEntity(context: CommandContext, pairs: readonly string[]): Promise<void> {
  return withCatalog(
    context,
    async ({ settings, catalog }) => {
      const { manifest, version } = await requireApplied(catalog, settings.project);
      const redis = openRedisClient({ url: settings.redisUrl ?? '' });
      try {
        const { document, lines } = await describeEntity({ settings, catalog, redis }, manifest, pairs);
        context.terminal.result({ ...document, definitionsVersion: version }, lines);
      } finally {
        await redis.close();
      }
    },
    ['catalog', 'redis'],
  );
}

async function show(
  context: CommandContext,
  project: string,
  catalog: Catalog,
  name: string,
  stores?: OfflineStores,
): Promise<void> {
  const { manifest, version } = await requireApplied(catalog, project);
  const { document, lines } = await describe(catalog, manifest, name, stores);
  context.terminal.result({ ...document, definitionsVersion: version }, lines);
}

async function describe(
  catalog: Catalog,
  manifest: Manifest,
  name: string,
  stores?: OfflineStores,
): Promise<Description> {
  const { project } = manifest;
  const source = manifest.sources.find((candidate) => candidate.name === name);
  if (source) return describeSource(catalog, project, source, stores);
  const view = manifest.views.find((candidate) => candidate.name === name);
  if (view?.kind === 'feature') return describeView(catalog, manifest, view);
  const service = manifest.services.find((candidate) => candidate.name === name);
  if (service) return describeService(catalog, manifest, name, service);
  for (const kind of ['entities', 'aliases'] as const) {
    const found = manifest[kind].find((candidate) => candidate.name === name);
    if (found)
      return describePlain(
        kind.replace(/(ie)?s$/, (_, ie?: string) => (ie ? 'y' : '')),
        found,
      );
  }
  if (view) return describePlain('derived view', view);
  const known = [...manifest.sources, ...manifest.views, ...manifest.entities, ...manifest.services].map(
    (one) => one.name,
  );
  throw new AsofError('UNKNOWN_NAME', { where: 'describe', kind: 'definition', name, known });
}

async function describeView(catalog: Catalog, manifest: Manifest, view: FeatureViewManifest): Promise<Description> {
  const { project } = manifest;
  const [freshness] = await readFreshness(catalog.intervals, { project, views: [view] });
  const target = view.options.freshnessMicros;
  const key = { project, view: view.name, fingerprint: view.fingerprint } as const;
  const entries = await catalog.intervals.entries({ ...key, store: 'offline' });
  const { done, dirty, late } = foldLedger(entries);
  const everBackfilled = entries.some(({ operation }) => operation === 'done');
  const online = await catalog.intervals.onlinePosition({ ...key, store: 'online' });
  const checked = await catalog.consistency.newestReport(project);
  const consistency = checked ? summarizeConsistency(checked, view.name) : null;
  const fits = (await catalog.fits.list(project, view.name)).filter((fit) => fit.fingerprint === view.fingerprint);
  const text = (ranges: typeof done): readonly { from: string; to: string }[] =>
    ranges.map(({ from, to }) => ({ from: formatInstant(from), to: formatInstant(to) }));
  const position = online && { snapshot: online.snapshot, to: formatInstant(online.to), keys: online.keys };
  return {
    document: {
      kind: 'view',
      definition: view,
      backfilled: text(done),
      dirty: text(dirty),
      late: text(late),
      online: position ?? null,
      freshness: freshness ? describeFreshness(freshness) : null,
      consistency,
      fits: fits.map(describeFit),
    },
    lines: [
      `view ${view.name} of ${view.source}, by ${view.keys.map((one) => one.name).join(', ')}`,
      position
        ? `online: ${formatCount(position.keys)} keys, due at ${position.to}`
        : `online: ${view.online ? 'not materialized yet' : 'no'}`,
      ...(freshness && target !== null ? [`freshness: ${freshness.state}, target ${formatDuration(target)}`] : []),
      ...(consistency ? [describeConsistency(consistency)] : []),
      ...text(done).map(({ from, to }) => `backfilled: ${from} – ${to}`),
      // new rows make time dirty before anything was backfilled too, which is no news to a person
      ...text(everBackfilled ? dirty : []).map(({ from, to }) => `dirty: ${from} – ${to}`),
      ...text(late).map(({ from, to }) => `rows came too late, needs restatement: ${from} – ${to}`),
      ...fits.map((fit) => `fit ${fit.version}: ${plural(fit.rows, 'row')} until ${formatInstant(fit.until)}`),
      '',
      drawTable(
        ['feature', 'type', 'description'],
        view.features.map((feature) => [feature.name, feature.valueType, feature.description ?? '']),
      ),
    ],
  };
}

/** With the fits that it holds, those of the present versions of its views. */
async function describeService(
  catalog: Catalog,
  manifest: Manifest,
  name: string,
  definition: ServiceManifest,
): Promise<Description> {
  const { services } = await catalog.fits.current(manifest.project);
  const isPresent = (fingerprint: string): boolean => manifest.views.some((view) => view.fingerprint === fingerprint);
  const held = services.filter((one) => one.service === name && isPresent(one.fingerprint));
  const { document } = describePlain('service', definition);
  const fits = Object.fromEntries(held.map(({ view, version }) => [view, version]));
  return {
    document: { ...document, fits },
    lines: [
      `service ${name}`,
      ...held.map((one) => `fit ${one.version} of ${one.view}`),
      '',
      drawTable(
        ['columns', 'view', 'features'],
        definition.features.map(({ view, as, features }) => [`${as}__…`, view, features?.join(', ') ?? 'all']),
      ),
    ],
  };
}

function describePlain(kind: string, definition: { readonly name: string }): Description {
  return {
    document: { kind, definition },
    lines: [`${kind} ${definition.name}`, JSON.stringify(definition, undefined, 2)],
  };
}
