import type { StoredSourceManifest } from '../../../contracts/manifest.ts';
import { formatInstant } from '../../../contracts/time.ts';
import {
  countQuarantined,
  openQuarantine,
  quarantineTotals,
  type QuarantineCount,
  type QuarantineStatus,
} from '../../../ingestion/quarantined-rows.ts';
import type { Register } from '../../main.ts';
import { withOfflineStores, type OfflineStores } from '../../offline-stores.ts';
import { requireApplied } from '../../project.ts';
import { drawTable, formatCount } from '../../table.ts';
import { requireSourceName } from './chosen-rows.ts';

interface SourceQuarantine {
  readonly source: string;
  readonly totals: Readonly<Record<QuarantineStatus, number>>;
  readonly open: readonly QuarantineCount[];
}

export const registerList: Register = (quarantine, run) => {
  quarantine
    .command('list')
    .description('how many rows are set aside, by source and broken rule')
    .argument('[source]', 'default: every source')
    .action((name: string | undefined) =>
      run((context) =>
        withOfflineStores(context, async (stores) => {
          const { manifest } = await requireApplied(stores.catalog, stores.settings.project);
          const names =
            name === undefined
              ? manifest.sources.filter(isStored).map((source) => source.name)
              : [requireSourceName(manifest, name)];
          const sources: SourceQuarantine[] = [];
          for (const source of names) sources.push(...(await readSource(stores, source)));
          context.terminal.result({ sources: sources.map(documentOf) }, draw(sources));
        }),
      ),
    );
};

function isStored(source: { readonly kind: string }): source is StoredSourceManifest {
  return source.kind !== 'request';
}

/** Nothing for a source without such rows. */
async function readSource(stores: OfflineStores, source: string): Promise<readonly SourceQuarantine[]> {
  const { settings, catalog, lake, engine } = stores;
  return engine.session(async (session) => {
    const relation = await openQuarantine({ catalog, lake }, session, { project: settings.project, name: source });
    if (relation === undefined) return [];
    const counts = await countQuarantined(session, relation);
    const totals = await quarantineTotals(session, relation);
    return [{ source, totals, open: counts.filter(({ status }) => status === 'open') }];
  });
}

function documentOf({ source, totals, open }: SourceQuarantine) {
  const rules = open.map(({ rule, rows, firstSeen }) => ({ rule, rows, first_seen: formatInstant(firstSeen) }));
  return { source, ...totals, rules };
}

function draw(sources: readonly SourceQuarantine[]): readonly string[] {
  if (sources.length === 0) return ['No row was ever set aside.'];
  const rules = sources.flatMap(({ source, open }) =>
    open.map(({ rule, rows, firstSeen }) => [source, rule, formatCount(rows), formatInstant(firstSeen)]),
  );
  const ended = sources.map(({ source, totals: { open, replayed, dropped, replaced } }) => {
    const counts = { replayed, dropped, 'gone with the version of their input': replaced };
    const words = Object.entries(counts).flatMap(([what, rows]) =>
      rows === 0 ? [] : [`${formatCount(rows)} ${what}`],
    );
    return `${source}: ${[`${formatCount(open)} open`, ...words].join(', ')}`;
  });
  return [...(rules.length === 0 ? [] : [drawTable(['source', 'rule', 'rows', 'first seen'], rules), '']), ...ended];
}
