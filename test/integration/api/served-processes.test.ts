/** Fault 21 of the reliability table: processes of the API that are killed and replaced under load. */
import { get } from 'node:http';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { poll } from '../../e2e/support/polling.ts';
import { openServedStore, readAmounts, USERS, type ReadAnswer, type ServedStore } from './served-store.ts';
import { startServingProcesses, type ServingProcesses } from './serving-processes.ts';

const CLIENTS = 4;
/** A process starts for seconds on a busy machine, and two are replaced one after the other. */
const PATIENCE_MILLIS = 300_000;

let served: ServedStore;
let processes: ServingProcesses;
beforeAll(async () => {
  served = await openServedStore();
  processes = await startServingProcesses(served);
}, 300_000);
afterAll(async () => {
  await processes?.close();
  await served?.close();
});

const VALUES = USERS.map((user) => user * 10);

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

interface Load {
  answered: number;
  readonly failed: unknown[];
  readonly wrong: ReadAnswer[];
}

/** Clients that read one after the other until they are stopped. */
function startLoad(): Load & { stop(): Promise<void> } {
  let over = false;
  const load: Load = { answered: 0, failed: [], wrong: [] };
  const client = async (): Promise<void> => {
    while (!over) {
      try {
        // Redis may be slow on a busy machine, which would be no wrong value
        const answer = await readAmounts(processes, { deadline: '60s' });
        load.answered += 1;
        if (answer.status !== 200 || JSON.stringify(answer.values) !== JSON.stringify(VALUES)) load.wrong.push(answer);
      } catch (error) {
        load.failed.push(error);
      }
    }
  };
  const clients = Promise.all(Array.from({ length: CLIENTS }, client));
  return Object.assign(load, {
    async stop() {
      over = true;
      await clients;
    },
  });
}

it(
  '21: a process that is killed under load costs what it was answering, is started again, and no value is wrong',
  async () => {
    const load = startLoad();
    await poll(() => (load.answered > 20 ? true : undefined));
    const [killed, other] = processes.serving();
    process.kill(killed!, 'SIGKILL');
    await poll(() => (processes.serving().includes(killed!) ? undefined : true));
    const { answered } = load;
    await poll(() => (load.answered > answered + 20 ? true : undefined));
    await load.stop();
    expect(processes.serving()).toHaveLength(2);
    expect(processes.serving()).toContain(other);
    expect(load.wrong).toEqual([]);
    expect(load.failed.length).toBeLessThanOrEqual(CLIENTS);
  },
  PATIENCE_MILLIS,
);

it(
  '21: processes that are replaced one by one under load lose nothing but what was under way',
  async () => {
    const load = startLoad();
    await poll(() => (load.answered > 20 ? true : undefined));
    const before = processes.serving();
    processes.signal('SIGHUP');
    await poll(() => (before.some(isAlive) ? undefined : true));
    await load.stop();
    expect(processes.serving()).toHaveLength(2);
    expect(processes.serving().every(isAlive)).toBe(true);
    expect(load.wrong).toEqual([]);
    expect(load.failed.length).toBeLessThanOrEqual(CLIENTS);
  },
  PATIENCE_MILLIS,
);

/** The status of an answer over a connection of its own. */
function askOnce(): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    get(`${processes.url}/health`, { agent: false }, (answer) => {
      answer.resume();
      answer.once('end', () => resolve(answer.statusCode));
    }).once('error', reject);
  });
}

it(
  '21: a connection that a process was given and did not take before it died is answered by another one',
  async () => {
    const [stopped] = processes.serving();
    process.kill(stopped!, 'SIGSTOP');
    // each process is free, so one of the first two is given to the one that does not take it
    let answered = 0;
    const answers = [1, 2, 3].map(async () => {
      const status = await askOnce();
      answered += 1;
      return status;
    });
    await poll(() => (answered === 2 ? true : undefined));
    process.kill(stopped!, 'SIGKILL');
    expect(await Promise.all(answers)).toEqual([200, 200, 200]);
    await poll(() => (processes.serving().includes(stopped!) ? undefined : true));
  },
  PATIENCE_MILLIS,
);

it('each process names itself in its metrics', async () => {
  const text = await (await fetch(`${processes.url}/metrics`)).text();
  expect(text).toMatch(/^asof_work_under_way\{work="online reads",process="[12]"\} \d+$/m);
});

it('ends with all of its processes, and code 0', async () => {
  const pids = processes.serving();
  expect(await processes.quit()).toBe(0);
  expect(pids.filter(isAlive)).toEqual([]);
});
