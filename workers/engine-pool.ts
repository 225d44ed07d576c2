import { openEngine } from '../engine/duckdb.ts';
import type { Engine, EngineSettings } from '../engine/engine.ts';
import { memoryShare } from './memory-share.ts';

export interface EnginePool {
  /** Runs `work` with an engine of its own that may read and write the directories; waits when all are in use. */
  withEngine<T>(directories: readonly string[], work: (engine: Engine) => Promise<T>): Promise<T>;
  /** Closes what is idle, and what is in use as soon as it is given back. */
  close(): Promise<void>;
}

interface IdleEngine {
  readonly key: string;
  readonly engine: Engine;
}

/**
 * At most `slots` engines, each with its share of the memory, so that together they stay within the worker's limit and
 * one that runs out of memory takes nobody with it. What an engine may read is fixed when it opens, and new definitions
 * may name new directories: an idle engine serves again for the same directories, and makes room for others.
 */
export function createEnginePool(
  slots: number,
  settings: Omit<EngineSettings, 'allowedDirectories'>,
  open: (settings: EngineSettings) => Promise<Engine> = openEngine,
): EnginePool {
  const share = { ...settings, memoryLimit: memoryShare(settings.memoryLimit, slots) };
  const idle: IdleEngine[] = [];
  const waiting: (() => void)[] = [];
  let inUse = 0;
  let closed = false;

  const take = async (key: string, allowedDirectories: readonly string[]): Promise<Engine> => {
    const index = idle.findIndex((candidate) => candidate.key === key);
    if (index >= 0) return (idle.splice(index, 1)[0] as IdleEngine).engine;
    if (inUse + idle.length > slots) await idle.shift()?.engine.close();
    return open({ ...share, allowedDirectories });
  };

  return {
    async withEngine(directories, work) {
      const allowedDirectories = [...new Set(directories)].sort();
      const key = JSON.stringify(allowedDirectories);
      while (inUse >= slots) await new Promise<void>((resolve) => waiting.push(resolve));
      inUse++;
      let engine: Engine | undefined;
      let spent = false;
      try {
        engine = await take(key, allowedDirectories);
        return await work(engine);
      } catch (error) {
        spent = true;
        throw error;
      } finally {
        inUse--;
        // after a failure the next work gets a fresh engine: nothing of an interrupted or exhausted one is trusted
        if (engine && (spent || closed)) await engine.close();
        else if (engine) idle.push({ key, engine });
        waiting.shift()?.();
      }
    },

    async close() {
      closed = true;
      await Promise.all(idle.splice(0).map(({ engine }) => engine.close()));
    },
  };
}
