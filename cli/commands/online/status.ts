import { formatInstant } from '../../../contracts/time.ts';
import { listVersions, type ListedVersion } from '../../../online/version-list.ts';
import { openRedisClient } from '../../../online/redis-client.ts';
import type { Register } from '../../main.ts';
import { requireApplied, withCatalog } from '../../project.ts';
import { drawTable, formatCount } from '../../table.ts';

export const registerOnlineStatus: Register = (online, run) => {
  online
    .command('status')
    .description('the versions of each view that Redis holds, or should hold')
    .action(() =>
      run((context) =>
        withCatalog(
          context,
          async ({ settings: { project, redisUrl }, catalog }) => {
            const { manifest } = await requireApplied(catalog, project);
            const redis = openRedisClient({ url: redisUrl ?? '' });
            try {
              const listed = await listVersions({ intervals: catalog.intervals, redis }, manifest);
              const versions = listed.map(describeVersion);
              context.terminal.result({ versions }, draw(versions));
            } finally {
              await redis.close();
            }
          },
          ['catalog', 'redis'],
        ),
      ),
    );
};

function describeVersion({ position, ...version }: ListedVersion) {
  return { ...version, position: position && { ...position, to: formatInstant(position.to) } };
}

function draw(versions: readonly ReturnType<typeof describeVersion>[]): string {
  if (versions.length === 0) return 'No view is online.';
  return drawTable(
    ['view', 'version', 'state', 'due at', 'keys'],
    versions.map(({ view, fingerprint, state, position }) => [
      view,
      fingerprint.slice(0, 12),
      state,
      position?.to ?? '',
      position ? formatCount(position.keys) : '',
    ]),
  );
}
