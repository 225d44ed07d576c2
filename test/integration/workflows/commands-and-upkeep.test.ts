/** Upkeep with no patience at all while a command reads the lake: what the command was promised stays at hand. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TableKey } from '../../../contracts/lake.ts';
import { startRun, waitForRun } from '../../../workers/starter.ts';
import { readDocument, startCommand } from '../../e2e/support/command.ts';
import { DEFINITIONS, openPlatform, type Platform } from './platform.ts';

let platform: Platform;
beforeAll(async () => {
  platform = await openPlatform();
});
afterAll(() => platform.close());

/** A view whose rows are not made before the file `go` is there; `held` says that it waits. */
const heldView = (directory: string): string => `${DEFINITIONS}
import { existsSync, writeFileSync } from 'node:fs';
export const held = featureView('held', {
  entities: [airport], source: flights, features: { delay: numeric() },
  map: (row) => {
    writeFileSync(${JSON.stringify(path.join(directory, 'held'))}, '');
    while (!existsSync(${JSON.stringify(path.join(directory, 'go'))})) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
    return row;
  },
});
`;

test('a long `historical` keeps its files while `maintain` runs without retention and grace', async () => {
  const { client, project, directory, catalog } = platform;
  for (const day of ['02', '03', '04', '05']) {
    platform.writeInput(`${day}.csv`, [`2001-01-${day}T06:00:00Z,JFK,${Number(day)}`]);
    await waitForRun(await startRun(client, 'ingest', { project, source: 'flights' }));
  }
  await platform.applyDefinitions(heldView(directory));
  const file = (name: string): string => path.join(directory, name);
  writeFileSync(file('asof.config.ts'), `export default ${JSON.stringify({ project, definitions: 'features.ts' })};`);
  writeFileSync(file('spine.csv'), 'event_timestamp,origin\n2001-01-05T00:00:00Z,JFK\n2001-01-06T00:00:00Z,JFK\n');

  const command = startCommand(
    ['historical', '--spine', 'spine.csv', '--features', 'held:delay,latest:delay', '--out', 'out.csv', '--json'],
    directory,
    { ASOF_CATALOG_URL: platform.settings.catalogUrl ?? '' },
  );
  try {
    await expect.poll(() => existsSync(file('held')), { timeout: 45_000, interval: 100 }).toBe(true);
    // its rows are those of snapshot 4; a correction and a compaction come, and everything else may go at once
    platform.writeInput('05.csv', ['2001-01-05T06:00:00Z,JFK,500']);
    await waitForRun(await startRun(client, 'ingest', { project, source: 'flights' }));
    const maintaining = await startRun(client, 'maintain', { project, retentionDays: 0, graceDays: 0 });
    expect(await waitForRun(maintaining)).toMatchObject({ compacted: { filesBefore: 4, filesAfter: 1 } });
  } finally {
    writeFileSync(file('go'), '');
    await command.outcome;
  }
  const { snapshots } = readDocument<{ snapshots: object }>(await command.outcome, 0);
  expect(snapshots).toEqual({ flights: 4 });
  expect(readFileSync(file('out.csv'), 'utf8').trim().split('\n').slice(1)).toEqual([
    '2001-01-05T00:00:00Z,JFK,4,4',
    '2001-01-06T00:00:00Z,JFK,5,5',
  ]);

  // with the command gone, what it read goes too
  const source: TableKey = { project, kind: 'source', name: 'flights', version: '' };
  await waitForRun(await startRun(client, 'maintain', { project, retentionDays: 0, graceDays: 0 }));
  await expect(catalog.tables.files(source, 4)).rejects.toMatchObject({ code: 'SNAPSHOT_EXPIRED' });
});
