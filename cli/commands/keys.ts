import { AsofError } from '../../contracts/errors.ts';
import { formatInstant } from '../../contracts/time.ts';
import { resolveFeatures } from '../../definitions/resolution.ts';
import { listKeys } from '../../online/key-listing.ts';
import { openRedisClient } from '../../online/redis-client.ts';
import { formatJsonValue } from '../../online/value-json.ts';
import { listVersions } from '../../online/version-list.ts';
import { parseCount } from '../arguments.ts';
import type { Register } from '../main.ts';
import { requireApplied, withCatalog } from '../project.ts';
import { drawTable, formatCount } from '../table.ts';

const LIMIT = 100;

export const registerKeys: Register = (program, run) => {
  program
    .command('keys')
    .description('the entity keys that Redis holds of a view')
    .argument('<view>')
    .option('--limit <n>', `at most so many (default: ${LIMIT})`)
    .action((name: string, options: { readonly limit?: string }) =>
      run((context) =>
        withCatalog(
          context,
          async ({ settings: { project, redisUrl }, catalog }) => {
            const limit = options.limit === undefined ? LIMIT : parseCount(options.limit, '--limit');
            const { manifest } = await requireApplied(catalog, project);
            const planned = resolveFeatures(manifest, { features: [name] }).views.find(
              ({ view }) => view.name === name,
            );
            if (planned === undefined || !planned.view.online) {
              const problem = `view ${name} is not online, so Redis holds no keys of it`;
              throw new AsofError('INVALID_VALUE', { where: 'keys', problem });
            }
            const redis = openRedisClient({ url: redisUrl ?? '' });
            try {
              const versions = await listVersions({ intervals: catalog.intervals, redis }, manifest);
              const { state, position } = versions.find(
                ({ view, fingerprint }) => view === name && fingerprint === planned.view.fingerprint,
              )!;
              const listed = await listKeys({ redis, project }, planned, limit);
              const columns = planned.view.keys.map((key) => key.name);
              const rows = listed.keys.map((key) => key.map(formatJsonValue)).sort(compareRows);
              const keys = rows.map((row) => Object.fromEntries(columns.map((column, index) => [column, row[index]])));
              const { hashed, complete } = listed;
              context.terminal.result(
                {
                  ...{ view: name, version: planned.view.fingerprint, state },
                  position: position && { ...position, to: formatInstant(position.to) },
                  ...{ keys, hashed, complete },
                },
                [
                  ...(rows.length > 0
                    ? [
                        drawTable(
                          columns,
                          rows.map((row) => row.map(String)),
                        ),
                      ]
                    : []),
                  describeEnd({ shown: rows.length + hashed, state, hashed, complete }),
                ],
              );
            } finally {
              await redis.close();
            }
          },
          ['catalog', 'redis'],
        ),
      ),
    );
};

function describeEnd(end: { shown: number; state: string; hashed: number; complete: boolean }): string {
  const { shown, state, hashed, complete } = end;
  const long = hashed > 0 ? `, ${formatCount(hashed)} of them too long to be shown` : '';
  if (!complete) return `the first ${formatCount(shown)} keys that came${long}; see more with --limit`;
  if (shown > 0) return `${formatCount(shown)} keys${long}`;
  if (state === 'waiting') return 'no keys: the view was not materialized yet';
  return state === 'lost' ? 'no keys: Redis has lost its content; materialize the view again' : 'no keys';
}

function compareRows(left: readonly unknown[], right: readonly unknown[]): number {
  for (const [index, value] of left.entries()) {
    const other = right[index];
    if (value === other) continue;
    if (typeof value === 'number' && typeof other === 'number') return value - other;
    return String(value) < String(other) ? -1 : 1;
  }
  return 0;
}
