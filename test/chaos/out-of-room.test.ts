/**
 * Fault 10 of the reliability table: a full disk, an engine without memory, and one that may spill no more. Each fails its run by name;
 * the worker goes on, and nothing is committed.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { checkLake } from '../../lake/fsck.ts';
import { startRun, waitForRun } from '../../workers/starter.ts';
import { openChaosPlatform, type ChaosPlatform } from './chaos-platform.ts';
import { DEFINITIONS, SOURCE } from './definitions.ts';
import { createDice } from './dice.ts';
import { openInputFiles, type InputFiles } from './input-files.ts';
import { canMount } from './small-disk.ts';
import { drawQuestions, writeSpine } from './workload.ts';

/** Views whose rows take more than a worker has: a list that must be in memory as a whole, and a sort that may be spilled. */
const GREEDY = `
const greedy = (name, sql) => featureView(name, { entities: [account], source: payments, sql, features: { amount: numeric() } });
const pairs = 'SELECT name, happened, i, unnest(range(3000)) AS j FROM (SELECT name, happened, unnest(range(3000)) AS i FROM payments)';
export const listed = greedy('listed', \`SELECT min(name) AS name, min(happened) AS happened, length(list(hash(i, j))::VARCHAR) AS amount
  FROM (\${pairs})\`);
export const sorted = greedy('sorted', \`SELECT name, happened, max(place) AS amount FROM (
  SELECT name, happened, row_number() OVER (ORDER BY hash(i, j, happened)) AS place FROM (\${pairs}))
  GROUP BY name, happened\`);
`;

let platform: ChaosPlatform;
let files: InputFiles;
beforeAll(async () => {
  platform = await openChaosPlatform({
    definitions: `${DEFINITIONS}${GREEDY}`,
    environment: { ASOF_SPILL_LIMIT: '50MB' },
  });
  files = openInputFiles(`${platform.directory}/inputs`, createDice(10, 0));
  files.add();
  await ingest();
});
afterAll(() => platform?.close());

async function ingest(): Promise<{ readonly snapshot: number }> {
  const { client, project } = platform;
  return waitForRun(await startRun(client, 'ingest', { project, source: SOURCE }));
}

async function build(name: string, view: string): Promise<unknown> {
  const { client, project, directory } = platform;
  const spine = `${directory}/spines/${name}.csv`;
  writeSpine(spine, drawQuestions(createDice(10, 2), 20));
  return waitForRun(await startRun(client, 'buildTrainingDataset', { project, name, spine, features: [view] }));
}

const pids = (): readonly number[] => platform.crew.names.map((name) => platform.crew.get(name).pid);
const ended = (): readonly string[] => platform.crew.names.filter((name) => platform.crew.get(name).hasEnded());
const head = (): Promise<number> =>
  platform.catalog.tables.head({ project: platform.project, kind: 'source', name: SOURCE, version: '' });

it.runIf(canMount)(
  '10: a full disk fails an ingestion by name; nothing is committed, and the worker goes on',
  async () => {
    const { lakeDisk } = platform;
    const [before, workers] = [await head(), pids()];
    files.add();
    await lakeDisk!.fill();
    await expect(ingest()).rejects.toMatchObject({
      code: 'DISK_FULL',
      message: expect.stringMatching(/free space/) as string,
    });
    expect(await head()).toBe(before);
    expect((await checkLake({ ...platform })).problems).toEqual([]);
    lakeDisk!.free();
    expect(await ingest()).toMatchObject({ inputs: 1, snapshot: before + 1 });
    expect([pids(), ended()]).toEqual([workers, []]);
    expect((await checkLake({ ...platform, deep: true })).problems).toEqual([]);
  },
);

it.each([
  { place: 'without memory', view: 'listed', code: 'ENGINE_OUT_OF_MEMORY', mend: /raise ASOF_MEMORY_LIMIT/ },
  { place: 'that may spill no more', view: 'sorted', code: 'DISK_FULL', mend: /raise ASOF_SPILL_LIMIT/ },
])(
  '10: an engine $place fails a build by name; nothing is committed, and the worker goes on',
  async ({ view, ...failure }) => {
    const workers = pids();
    const { code, mend } = failure;
    await expect(build(`of_${view}`, view)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(mend) as string,
    });
    const built = await platform.catalog.datasets.list(platform.project);
    expect(built.filter(({ name }) => name === `of_${view}`)).toEqual([]);
    await build(`after_${view}`, 'latest');
    expect([pids(), ended()]).toEqual([workers, []]);
    expect((await checkLake({ ...platform, deep: true })).problems).toEqual([]);
  },
);
