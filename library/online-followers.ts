/** Keeps online views abreast of the lake after every put, with as few runs as possible. */
import { setTimeout as sleep } from 'node:timers/promises';
import { randomUUID } from 'node:crypto';
import { AsofError } from '../contracts/errors.ts';
import type { FeatureViewManifest, Manifest } from '../contracts/manifest.ts';
import type { DefinitionRuntime } from '../contracts/plan.ts';
import { clockNow, type Micros } from '../contracts/time.ts';
import { materializeView, type Materialization, type MaterializationDependencies } from '../online/materialization.ts';

export interface OnlineFollowers {
  /** Returns when the view has everything that was committed before the call, and is due now. */
  follow(manifest: Manifest, view: FeatureViewManifest): Promise<Materialization>;
  /** Brings one view up to an instant. */
  materialize(manifest: Manifest, view: string, to: Micros): Promise<Materialization>;
}

interface Following {
  running: Promise<unknown>;
  /** Has not begun, so it will read what is committed by now. */
  waiting: Promise<Materialization> | undefined;
}

const MOST_ATTEMPTS = 20;
const LONGEST_WAIT_MILLIS = 1000;

/** With the functions of the newest definitions, which views with a `map` need. */
export type FollowerDependencies = MaterializationDependencies & { readonly runtime: () => Promise<DefinitionRuntime> };

export function createOnlineFollowers(dependencies: FollowerDependencies): OnlineFollowers {
  const followings = new Map<string, Following>();
  const materialize = (manifest: Manifest, view: string, to: Micros): Promise<Materialization> =>
    materializePatiently(dependencies, { manifest, view, to });
  return {
    materialize,
    follow(manifest, { name, fingerprint }) {
      const key = `${name} ${fingerprint}`;
      const following = followings.get(key) ?? { running: Promise.resolve(), waiting: undefined };
      followings.set(key, following);
      following.waiting ??= following.running.then(() => {
        following.waiting = undefined;
        const run = materialize(manifest, name, clockNow());
        following.running = run.catch(() => undefined);
        return run;
      });
      return following.waiting;
    },
  };
}

/** Of two runs of one view at once, in two processes, the newer goes on; the other one tries again behind it. */
async function materializePatiently(
  dependencies: FollowerDependencies,
  request: { readonly manifest: Manifest; readonly view: string; readonly to: Micros },
): Promise<Materialization> {
  const runId = randomUUID();
  const runtime = await dependencies.runtime();
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await materializeView(dependencies, { ...request, runtime, runId });
    } catch (error) {
      if (!(error instanceof AsofError) || error.code !== 'CONFLICT' || attempt === MOST_ATTEMPTS) throw error;
      await sleep(Math.random() * Math.min(LONGEST_WAIT_MILLIS, 10 * 2 ** attempt));
    }
  }
}
