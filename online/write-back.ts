/**
 * What reads had to fetch from the lake, put into Redis for the next ones: the stored state of a key, never a computed value. Only
 * for a view that says how stale an answer may be, and for as long: nobody brings such a state up to date. So it stands
 * beside the values of materializations and streams, and is looked at only where a read would go to the lake otherwise. A
 * key that is absent here is never taken for one without rows.
 */
import type { Catalog } from '../catalog/catalog.ts';
import { AsofError } from '../contracts/errors.ts';
import type { DefinitionRuntime, PlannedView } from '../contracts/plan.ts';
import { clockNow } from '../contracts/time.ts';
import type { Engine, Session } from '../engine/engine.ts';
import { quoteIdentifier, sqlType } from '../engine/sql.ts';
import { withLakeWork } from '../lake/lake-work.ts';
import type { Lake } from '../lake/lake.ts';
import { relationKeys } from '../offline/event-relation.ts';
import { writeAggregateKeys } from './aggregate-materialization.ts';
import { writeAsofKeys } from './asof-materialization.ts';
import type { EntityKey } from './entity-key.ts';
import type { RedisClient } from './redis-client.ts';
import { openSnapshot } from './source-snapshot.ts';
import { createStateWriter } from './state-writer.ts';
import { ensureEpoch } from './store-content.ts';
import { viewKeys } from './store-keys.ts';
import { viewReader } from './view-reader.ts';

export interface WriteBack {
  /** By key the state that was written back, null where there is none. Never throws for a Redis that is away. */
  read(planned: PlannedView, keys: readonly EntityKey[]): Promise<readonly (Buffer | null)[]>;
  /**
   * Takes keys that have just been answered by the lake; their states are written once the engine is free. Returns at
   * once, and drops what is too much.
   */
  offer(planned: PlannedView, keys: readonly EntityKey[], runtime: DefinitionRuntime | undefined): void;
  /** Resolves when what was taken is written, or could not be. */
  settled(): Promise<void>;
  /** Drops what waits, and interrupts what is under way unless it ends in a moment: a command that asks once ends at once. */
  close(): Promise<void>;
}

export interface WriteBackDependencies {
  readonly project: string;
  readonly catalog: Pick<Catalog, 'tables' | 'intervals' | 'work'>;
  readonly lake: Lake;
  readonly engine: Engine;
  readonly redis: RedisClient;
  /** Stands around each look into the lake: a server bounds them. */
  readonly aroundLake?: (work: () => Promise<void>) => Promise<void>;
  /** Keys that may wait; more are dropped. @default 10000 */
  readonly mostWaiting?: number;
}

/** The keys of one view that wait, by their bytes. */
interface Waiting {
  readonly planned: PlannedView;
  readonly runtime: DefinitionRuntime | undefined;
  readonly keys: Map<string, EntityKey>;
}

const MOST_WAITING = 10_000;
const LAST_MILLIS = 2000;
const MICROS_PER_MILLI = 1000;
const WANTED = '__wanted';

export function createWriteBack(dependencies: WriteBackDependencies): WriteBack {
  const { project, redis, aroundLake = (work) => work(), mostWaiting = MOST_WAITING } = dependencies;
  const waiting = new Map<string, Waiting>();
  const ending = new AbortController();
  let under: Promise<void> | undefined;

  const drain = async (): Promise<void> => {
    for (;;) {
      const [next] = waiting;
      if (next === undefined) return;
      const [name, work] = next;
      waiting.delete(name);
      try {
        await aroundLake(() => writeStates(dependencies, work, ending.signal));
      } catch {
        // nobody waits for it: the next read asks the lake again
      }
    }
  };

  return {
    async read(planned, keys) {
      if (!isAllowed(planned) || keys.length === 0) return [];
      const { writtenBack } = viewKeys(project, planned.view.name, planned.view.fingerprint);
      const { keys: encoder } = viewReader(planned);
      try {
        return await redis.read(keys.map((key) => Buffer.concat([writtenBack, encoder.encode(key)])));
      } catch (error) {
        if (error instanceof AsofError && error.code === 'REDIS_UNAVAILABLE') return [];
        throw error;
      }
    },
    offer(planned, keys, runtime) {
      if (!isAllowed(planned) || ending.signal.aborted) return;
      const { name, fingerprint } = planned.view;
      const { keys: encoder } = viewReader(planned);
      let room = mostWaiting - [...waiting.values()].reduce((sum, one) => sum + one.keys.size, 0);
      const place = `${name}@${fingerprint}`;
      const entry = waiting.get(place) ?? { planned, runtime, keys: new Map<string, EntityKey>() };
      for (const key of keys) {
        if (room <= 0) break;
        entry.keys.set(Buffer.from(encoder.encode(key)).toString('latin1'), key);
        room -= 1;
      }
      if (entry.keys.size === 0) return;
      waiting.set(place, entry);
      under ??= drain().finally(() => (under = undefined));
    },
    async settled() {
      await under;
    },
    async close() {
      waiting.clear();
      const timer = setTimeout(() => ending.abort(), LAST_MILLIS);
      await under;
      clearTimeout(timer);
      ending.abort();
    },
  };
}

function isAllowed({ view }: PlannedView): boolean {
  return view.options.cacheMicros !== null;
}

async function writeStates(
  { project, catalog, lake, engine, redis }: WriteBackDependencies,
  { planned, runtime, keys }: Waiting,
  signal: AbortSignal,
): Promise<void> {
  const { view, source, base = source } = planned;
  const epoch = await ensureEpoch(redis, project);
  const names = viewKeys(project, view.name, view.fingerprint);
  await withLakeWork(catalog.work, project, async () => {
    const snapshot = await openSnapshot({ catalog, lake }, project, { view, source: base, runtime }, clockNow());
    await engine.session(async (session) => {
      await createWanted(session, planned, [...keys.values()]);
      const writer = createStateWriter({
        ...{ redis, project, epoch, position: null, removed: [] },
        keys: { ...names, values: names.writtenBack },
        lifeMillis: Math.ceil(view.options.cacheMicros! / MICROS_PER_MILLI),
      });
      const write = view.mode === 'asof' ? writeAsofKeys : writeAggregateKeys;
      await write(session, snapshot, WANTED, writer);
      await writer.finish();
    }, signal);
  });
}

async function createWanted(session: Session, { view }: PlannedView, keys: readonly EntityKey[]): Promise<void> {
  const names = relationKeys(view);
  const columns = view.keys.map(({ type }, index) => `${quoteIdentifier(names[index]!)} ${sqlType(type)}`);
  await session.run(`CREATE TEMP TABLE ${WANTED} (${columns.join(', ')})`);
  await session.append(
    WANTED,
    names.map((_, index) => ({ values: keys.map((key) => key[index]!) })),
  );
}
