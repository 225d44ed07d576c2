import type { Catalog } from '../../catalog/catalog.ts';
import { foldLedger } from '../../catalog/ledger.ts';
import { AsofError } from '../../contracts/errors.ts';
import { SEQUENCE_COLUMN, type TableKey } from '../../contracts/lake.ts';
import type { FeatureViewManifest, Manifest, SourceManifest } from '../../contracts/manifest.ts';
import { describeFit } from '../../offline/fit.ts';
import { formatDuration, formatInstant } from '../../contracts/time.ts';
import { describeFreshness, readFreshness } from '../../online/freshness.ts';
import type { Register } from '../main.ts';
import { requireApplied, withCatalog } from '../project.ts';
import { drawTable, formatCount } from '../table.ts';

interface Description {
  readonly document: Readonly<Record<string, unknown>>;
  readonly lines: readonly string[];
}

export const registerDescribe: Register = (program, run) => {
  program
    .command('describe')
    .description('what a source, view, entity or service is, and what the stores hold of it')
    .argument('<name>')
    .action((name: string) =>
      run((context) =>
        withCatalog(context, async ({ settings, catalog }) => {
          const { manifest, version } = await requireApplied(catalog, settings.project);
          const { document, lines } = await describe(catalog, manifest, name);
          context.terminal.result({ ...document, definitionsVersion: version }, lines);
        }),
      ),
    );
};

async function describe(catalog: Catalog, manifest: Manifest, name: string): Promise<Description> {
  const { project } = manifest;
  const source = manifest.sources.find((candidate) => candidate.name === name);
  if (source) return describeSource(catalog, project, source);
  const view = manifest.views.find((candidate) => candidate.name === name);
  if (view?.kind === 'feature') return describeView(catalog, manifest, view);
  for (const kind of ['entities', 'aliases', 'services'] as const) {
    const found = manifest[kind].find((candidate) => candidate.name === name);
    if (found && kind === 'services') return describeService(catalog, manifest, found.name, found);
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

async function describeSource(catalog: Catalog, project: string, source: SourceManifest): Promise<Description> {
  const table: TableKey = { project, kind: 'source', name: source.name, version: '' };
  const { snapshot, files } = await catalog.tables.files(table);
  const intervals = await catalog.tables.conservation(table);
  const sum = (pick: (interval: (typeof intervals)[number]) => number): number =>
    intervals.reduce((total, interval) => total + pick(interval), 0);
  const conservation = {
    rowsIn: sum(({ rowsIn }) => rowsIn),
    committed: sum(({ committed }) => committed),
    quarantined: sum(({ quarantined }) => quarantined),
    deduplicated: sum(({ deduplicated }) => deduplicated),
  };
  const rows = files.reduce((total, file) => total + file.rows, 0);
  const bytes = files.reduce((total, file) => total + file.bytes, 0);
  // what the table takes beyond the rows themselves
  const sequenceBytes = files
    .flatMap(({ statistics = [] }) => statistics.filter((column) => column.name === SEQUENCE_COLUMN))
    .reduce((total, column) => total + column.bytes, 0);
  const overhead = bytes === 0 ? 0 : sequenceBytes / (bytes - sequenceBytes);
  return {
    document: {
      kind: `${source.kind} source`,
      definition: source,
      snapshot,
      rows,
      bytes,
      files: files.length,
      overhead,
      conservation,
    },
    lines: [
      `${source.kind} source ${source.name}: snapshot ${snapshot}, ${formatCount(rows)} rows in ${files.length} files`,
      `${formatCount(bytes)} bytes, ${(overhead * 100).toFixed(1)} % of them beside the rows`,
      `rows in ${formatCount(conservation.rowsIn)} = committed ${formatCount(conservation.committed)}` +
        ` + quarantined ${formatCount(conservation.quarantined)} + deduplicated ${formatCount(conservation.deduplicated)}`,
      '',
      drawTable(
        ['column', 'type'],
        source.columns.map((column) => [column.name, column.type]),
      ),
    ],
  };
}

async function describeView(catalog: Catalog, manifest: Manifest, view: FeatureViewManifest): Promise<Description> {
  const { project } = manifest;
  const [freshness] = await readFreshness(catalog.intervals, { project, views: [view] });
  const target = view.options.freshnessMicros;
  const key = { project, view: view.name, fingerprint: view.fingerprint } as const;
  const { done, dirty } = foldLedger(await catalog.intervals.entries({ ...key, store: 'offline' }));
  const online = await catalog.intervals.onlinePosition({ ...key, store: 'online' });
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
      online: position ?? null,
      freshness: freshness ? describeFreshness(freshness) : null,
      fits: fits.map(describeFit),
    },
    lines: [
      `view ${view.name} of ${view.source}, by ${view.keys.map((one) => one.name).join(', ')}`,
      position
        ? `online: ${formatCount(position.keys)} keys, due at ${position.to}`
        : `online: ${view.online ? 'not materialized yet' : 'no'}`,
      ...(freshness && target !== null ? [`freshness: ${freshness.state}, target ${formatDuration(target)}`] : []),
      ...text(done).map(({ from, to }) => `backfilled: ${from} – ${to}`),
      ...text(dirty).map(({ from, to }) => `dirty: ${from} – ${to}`),
      ...fits.map((fit) => `fit ${fit.version}: ${formatCount(fit.rows)} rows until ${formatInstant(fit.until)}`),
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
  definition: { readonly name: string },
): Promise<Description> {
  const { services } = await catalog.fits.current(manifest.project);
  const isPresent = (fingerprint: string): boolean => manifest.views.some((view) => view.fingerprint === fingerprint);
  const held = services.filter((one) => one.service === name && isPresent(one.fingerprint));
  const { document, lines } = describePlain('service', definition);
  const fits = Object.fromEntries(held.map(({ view, version }) => [view, version]));
  return {
    document: { ...document, fits },
    lines: [...lines, ...held.map((one) => `fit ${one.version} of ${one.view}`)],
  };
}

function describePlain(kind: string, definition: { readonly name: string }): Description {
  return {
    document: { kind, definition },
    lines: [`${kind} ${definition.name}`, JSON.stringify(definition, undefined, 2)],
  };
}
