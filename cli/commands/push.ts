import { readFile } from 'node:fs/promises';
import { Option } from 'commander';
import { parseLossless } from '../../api/lossless-body.ts';
import { AsofError, messageOf } from '../../contracts/errors.ts';
import { openDefinitions } from '../../library/applied-definitions.ts';
import { openPushes } from '../../library/pushes.ts';
import type { PushDestination, PutResult, PutRow } from '../../library/store.ts';
import { openRedisClient } from '../../online/redis-client.ts';
import type { Register } from '../main.ts';
import { withOfflineStores } from '../offline-stores.ts';
import { drawTable, formatCount } from '../table.ts';

interface PushCommandOptions {
  readonly file: string;
  readonly to: PushDestination;
  readonly idempotencyKey?: string;
}

export const registerPush: Register = (program, run) => {
  program
    .command('push')
    .description('write rows of a view, or of a source, to the lake, to Redis or to both')
    .argument('<view>', 'a view, or a stored source')
    .requiredOption('--file <path>', 'JSON Lines, one row a line; all rows or none')
    .addOption(
      new Option('--to <store>', '`online` leaves the lake out: no history has the rows')
        .choices(['online', 'offline', 'both'])
        .default('both'),
    )
    .option('--idempotency-key <key>', 'rows that are pushed again with the same key count once')
    .action((target: string, { file, ...options }: PushCommandOptions) =>
      run(async (context) => {
        const rows = await readRows(file);
        await withOfflineStores(
          context,
          async ({ settings: { project, redisUrl }, catalog, lake, engine }) => {
            const definitions = await openDefinitions(catalog, project);
            const redis = openRedisClient({ url: redisUrl ?? '' });
            try {
              const push = openPushes({ project, catalog, lake, engine, redis, definitions });
              const result = await push(() => ({ ...options, target, rows }));
              context.terminal.result(result, describePush(target, result));
            } finally {
              await redis.close();
              await definitions.close();
            }
          },
          ['catalog', 'redis'],
        );
      }),
    );
};

/** Throws `INPUT_NOT_FOUND`, `INPUT_UNREADABLE`, and `INPUT_ROW_INVALID` for a line that is no JSON. Empty lines are passed over. */
async function readRows(path: string): Promise<readonly PutRow[]> {
  const where = 'push';
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') throw new AsofError('INPUT_NOT_FOUND', { where, path }, error);
    throw new AsofError('INPUT_UNREADABLE', { where, path, problem: messageOf(error) }, error);
  });
  return text.split('\n').flatMap((line, index): readonly PutRow[] => {
    if (line.trim() === '') return [];
    try {
      return [parseLossless(line) as PutRow];
    } catch (error) {
      throw new AsofError('INPUT_ROW_INVALID', { where, path, row: index + 1, problem: messageOf(error) }, error);
    }
  });
}

function describePush(target: string, { snapshot, committed, quarantined, online, violations }: PutResult): string {
  const places = [
    ...(snapshot === null ? [] : [`snapshot ${snapshot} of the lake`]),
    ...(online.length === 0 ? [] : [`online in ${online.join(', ')}`]),
  ];
  const lines = [`${formatCount(committed)} rows of ${target}: ${places.join(', ')}.`];
  if (quarantined > 0) lines.push(`${formatCount(quarantined)} rows were set aside.`);
  if (violations.length > 0) {
    const named = violations.map(({ row, violation }) => [String(row + 1), violation]);
    lines.push(drawTable(['row', 'violation'], named));
  }
  return lines.join('\n');
}
