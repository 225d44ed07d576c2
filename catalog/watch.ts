/** Tells of newly applied definitions and of fits: at once through LISTEN, and by polling where a notification cannot arrive. */
import type { Client } from 'pg';
import type { Database } from './database.ts';

/** The channel that an `apply` and a fit notify, with the project's name. */
export const CHANNEL = 'asof_definitions';

/** Below the promised second also when LISTEN does not work, as behind a transaction-pooling proxy. */
const POLL_MILLIS = 500;

export type DefinitionWatch = (changed: (project: string) => void) => Promise<() => Promise<void>>;

/**
 * Returns a function that starts one watch. A watch calls `changed` once for each project that moved, survives
 * a lost database, and says what it missed meanwhile.
 */
export function definitionWatch(database: Database): { readonly watch: DefinitionWatch; stopAll(): Promise<void> } {
  const running = new Set<() => Promise<void>>();
  return {
    async watch(changed) {
      const stopWatch = await startWatch(database, changed);
      const stop = async (): Promise<void> => {
        running.delete(stop);
        await stopWatch();
      };
      running.add(stop);
      return stop;
    },
    async stopAll() {
      await Promise.all([...running].map((stop) => stop()));
    },
  };
}

async function startWatch(database: Database, changed: (project: string) => void): Promise<() => Promise<void>> {
  const seen = new Map(await versions(database));
  let stopped = false;
  let listener: Client | undefined;

  const listenAgain = async (): Promise<void> => {
    const lost = (): void => {
      listener = undefined;
    };
    listener ??= await listen(database, schedule, lost);
  };
  const tellChanges = async (): Promise<void> => {
    for (const [project, version] of await versions(database)) {
      if (stopped || seen.get(project) === version) continue;
      seen.set(project, version);
      changed(project);
    }
  };
  const look = async (): Promise<void> => {
    queued = false;
    if (stopped) return;
    // while the catalog does not answer, the next poll tries both again
    await listenAgain().catch(() => undefined);
    await tellChanges().catch(() => undefined);
  };

  // looks run one after the other, so that no version is told twice, and at most one waits
  let working: Promise<void> = Promise.resolve();
  let queued = false;
  function schedule(): void {
    if (queued) return;
    queued = true;
    working = working.then(look);
  }

  schedule();
  const timer = setInterval(schedule, POLL_MILLIS);
  timer.unref();
  return async () => {
    stopped = true;
    clearInterval(timer);
    await working;
    await listener?.end();
  };
}

/** A connection that calls `notified` for every apply and fit, and `lost` when it breaks. */
async function listen(database: Database, notified: () => void, lost: () => void): Promise<Client> {
  const client = await database.connect();
  client.on('end', lost);
  client.on('notification', notified);
  await client.query(`listen ${CHANNEL}`);
  return client;
}

/** Of each project, what moves with an apply and with a fit. */
async function versions(database: Database): Promise<readonly (readonly [string, string])[]> {
  return database.read(async (db) => {
    const rows = await db
      .selectFrom('definitions')
      .leftJoin('fit_changes', 'fit_changes.project', 'definitions.project')
      .select(['definitions.project', 'fit_changes.changes', (eb) => eb.fn.max('definitions.version').as('version')])
      .groupBy(['definitions.project', 'fit_changes.changes'])
      .execute();
    return rows.map((row) => [row.project, `${row.version} ${row.changes ?? 0n}`] as const);
  });
}
