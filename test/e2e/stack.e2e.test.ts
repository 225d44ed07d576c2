/** The development stack from outside: beside others, before any definitions, after a crash, and not at all. */
import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { PROCESS_NAMES, type DevStack, type ProcessName } from '../../contracts/config.ts';
import type { BackfillResult, RunProgress } from '../../contracts/runs.ts';
import { readDocument } from './support/command.ts';
import { findProcessesOf } from './support/leftovers.ts';
import { pollFor } from './support/polling.ts';
import { createInitialProject, readFailure, type Project } from './support/project.ts';

type Started = DevStack & { readonly started: readonly ProcessName[] };

const projects: Project[] = [];
const openProject = async (name?: string): Promise<Project> => {
  const project = await createInitialProject(name);
  projects.push(project);
  return project;
};
afterEach(async () => {
  for (const project of projects.splice(0)) await project.close();
});

/** Takes the port, unless someone has it already. */
async function occupy(port: number): Promise<Server> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.once('error', () => resolve());
    server.listen(port, '127.0.0.1', resolve);
  });
  return server;
}

function addressesOf({ api, temporal, redis, catalog }: DevStack): readonly string[] {
  return [api.url, `http://${temporal.address}`, temporal.ui, redis.url, catalog.url].map((url) => new URL(url).host);
}

describe('asof dev', () => {
  it('runs beside another stack and whoever has the default ports', async () => {
    const squatter = await occupy(8080);
    const [one, two] = [await openProject(), await openProject()];
    const [first, second] = await Promise.all([
      one.run<Started>('dev', '--detach'),
      two.run<Started>('dev', '--detach'),
    ]);
    squatter.close();
    const addresses = [...addressesOf(first), ...addressesOf(second)];
    expect(new Set(addresses).size).toBe(addresses.length);
    expect(addresses).not.toContain('127.0.0.1:8080');

    await one.run('apply', '--yes');
    expect(await one.run('plan')).toMatchObject({ changes: [] });
    expect((await two.fail(2, 'describe', 'orders')).code).toBe('NOTHING_APPLIED');

    await two.run('down');
    expect(findProcessesOf(two.directory)).toEqual([]);
    expect((await fetch(`${first.api.url}/ready`)).status).toBe(200);
  });

  it('starts what is missing, and nothing else', async () => {
    const project = await openProject();
    const first = await project.run<Started>('dev', '--detach');
    expect([...first.started].sort()).toEqual([...PROCESS_NAMES].sort());
    expect(project.stack().processes).toEqual(first.processes);

    const victims: readonly ProcessName[] = ['worker-serving', 'api'];
    for (const name of victims) process.kill(project.pidOf(name), 'SIGKILL');
    const second = await project.run<Started>('dev', '--detach');
    expect([...second.started].sort()).toEqual([...victims].sort());
    const untouched = ({ processes }: DevStack) => processes.filter(({ name }) => !victims.includes(name));
    expect(untouched(second)).toEqual(untouched(first));
    expect((await fetch(`${second.api.url}/ready`)).status).toBe(200);
    expect((await project.run<Started>('dev', '--detach')).started).toEqual([]);
  });

  it('may run before apply, which everything learns of without a restart', async () => {
    const project = await openProject();
    const stack = await project.run<Started>('dev', '--detach');
    const read = async (features: string): Promise<number> => {
      const body = JSON.stringify({ features: [features], entities: { customer_id: [1] } });
      const headers = { 'content-type': 'application/json' };
      return (await fetch(`${stack.api.url}/v1/online-features`, { method: 'POST', headers, body })).status;
    };
    expect(await read('latest_order')).toBe(404);
    await project.run('apply', '--yes');
    await pollFor(() => read('latest_order'), 200);
    expect(await project.run('ingest', 'orders')).toMatchObject({ committed: 240 });

    const definitions = `import { featureView, numeric } from 'asof';
import { customer, orders } from './features.ts';
export const amounts = featureView('amounts', {
  entities: [customer], source: orders, online: true, features: { amount: numeric() },
});
`;
    project.write('more.ts', definitions);
    project.write(
      'asof.config.ts',
      "import { defineConfig } from 'asof';\nexport default defineConfig({ project: 'shop', definitions: ['features.ts', 'more.ts'] });\n",
    );
    await project.run('apply', '--yes');
    await pollFor(() => read('amounts'), 200);
    const { views } = await project.run<{ views: readonly { written: number }[] }>('materialize', 'amounts');
    expect(views[0]!.written).toBeGreaterThan(0);
    expect(project.stack().processes).toEqual(stack.processes);
  });
});

describe('asof down', () => {
  it('leaves no process and keeps the data', async () => {
    const project = await openProject();
    await project.run('dev', '--detach');
    await project.run('apply', '--yes');
    await project.run('ingest', 'orders');
    const before = await project.run('describe', 'orders');
    const { stopped } = await project.run<{ stopped: readonly ProcessName[] }>('down');
    expect([...stopped].sort()).toEqual([...PROCESS_NAMES].sort());
    expect(findProcessesOf(project.directory)).toEqual([]);
    expect(await project.run('down')).toEqual({ stopped: [] });
    expect(await project.run('describe', 'orders')).toEqual(before);
  });
});

describe('an interruption', () => {
  const backfill = ['backfill', 'latest_order', '--from', '2024-01-01', '--to', '2024-03-01', '--chunk', '6h'] as const;
  const openIngested = async (): Promise<Project> => {
    const project = await openProject();
    await project.run('dev', '--detach');
    await project.run('apply', '--yes');
    await project.run('ingest', 'orders');
    return project;
  };
  const status = (project: Project): Promise<BackfillStatus> => project.run('backfill', 'status', 'latest_order');

  it('of the stack: a run goes on when the stack is back', async () => {
    const project = await openIngested();
    const { run } = await project.run<{ run: string }>(...backfill, '--no-wait');
    await pollFor(async () => ((await status(project)).progress?.done ?? 0) > 0, true);
    await project.run('down');
    await project.run('dev', '--detach');
    // the same command joins the run that is under way
    expect(await project.run(...backfill)).toMatchObject({ run, intervals: 240, done: 240, reused: 0, failed: [] });
    expect(await status(project)).toMatchObject({
      done: [{ from: '2024-01-01T00:00:00.000000Z', to: '2024-03-01T00:00:00.000000Z' }],
      dirty: [],
    });
    expect(await project.run('fsck', '--deep')).toMatchObject({ ok: true, problems: [] });
  });

  it('of a waiting command cancels its run, and what is done stays', async () => {
    const project = await openIngested();
    const waiting = project.start(...backfill);
    await pollFor(async () => ((await status(project)).progress?.done ?? 0) > 0, true);
    process.kill(waiting.pid, 'SIGINT');
    const failure = readFailure(await waiting.outcome, 1);
    expect(failure.code).toBe('RUN_CANCELLED');
    expect((await status(project)).run?.state).toBe('cancelled');

    const { reused, done } = await project.run<BackfillResult>('backfill', 'retry', 'latest_order');
    expect(reused).toBeGreaterThan(0);
    expect(reused + done).toBe(240);
  });

  it('of dev in the foreground stops everything', async () => {
    const project = await openProject();
    const dev = project.start('dev');
    await Promise.race([dev.outcome, pollFor(() => existsSync(project.file('.asof/dev.json')), true)]);
    process.kill(dev.pid, 'SIGINT');
    readDocument(await dev.outcome, 0);
    expect(findProcessesOf(project.directory)).toEqual([]);
  });
});

describe('without a stack', () => {
  it('a command starts what it needs and stops it, in a directory of any name', async () => {
    const project = await openProject('it\'s a "directory" [of] *any* {name}, café');
    await project.run('apply', '--yes');
    expect(findProcessesOf(project.directory)).toEqual([]);
    expect(await project.run('ingest', 'orders')).toMatchObject({ committed: 240 });
    expect(findProcessesOf(project.directory)).toEqual([]);
    expect(
      await project.run('historical', '--spine', 'spine.csv', '--service', 'churn_v1', '--out', 'out.csv'),
    ).toMatchObject({ rows: 24 });
    expect(findProcessesOf(project.directory)).toEqual([]);
  });
});

interface BackfillStatus {
  readonly run: { readonly id: string; readonly state: string } | null;
  readonly progress: RunProgress | null;
}
