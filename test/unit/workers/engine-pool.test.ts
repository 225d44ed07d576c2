import { describe, expect, it } from 'vitest';
import type { Engine, EngineSettings } from '../../../engine/engine.ts';
import { createEnginePool } from '../../../workers/engine-pool.ts';

/** Engines that only say how they were opened and whether they still are. */
function countingPool(slots: number) {
  const opened: EngineSettings[] = [];
  let open = 0;
  let most = 0;
  const pool = createEnginePool(
    slots,
    { memoryLimit: '3GB', threads: 2, tempDirectory: '/tmp/spill' },
    async (settings) => {
      opened.push(settings);
      most = Math.max(most, ++open);
      const engine: Engine = {
        memoryBytes: 1e9,
        session: () => Promise.reject(new Error('not asked for here')),
        close: async () => void open--,
      };
      return engine;
    },
  );
  return { pool, opened, counts: () => ({ open, most }) };
}

function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

describe('the engine pool', () => {
  it('opens an engine for the directories asked for, with its share of the memory, and uses it again', async () => {
    const { pool, opened } = countingPool(3);
    await pool.withEngine(['/lake', '/data', '/lake'], async () => undefined);
    await pool.withEngine(['/data', '/lake'], async () => undefined);
    expect(opened).toMatchObject([{ allowedDirectories: ['/data', '/lake'], memoryLimit: '1000MB' }]);
  });

  it('never has more engines than slots: an idle one makes room, and work waits for a free slot', async () => {
    const { pool, opened, counts } = countingPool(2);
    for (const directory of ['/a', '/b', '/c']) await pool.withEngine([directory], async () => undefined);
    expect(counts()).toEqual({ open: 2, most: 2 });
    const hold = gate();
    const held = [pool.withEngine(['/c'], () => hold.opened), pool.withEngine(['/d'], () => hold.opened)];
    let third = false;
    const waiting = pool.withEngine(['/e'], async () => void (third = true));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(third).toBe(false);
    hold.open();
    await Promise.all([...held, waiting]);
    expect(third).toBe(true);
    expect(counts().most).toBe(2);
    expect(opened.length).toBe(5);
  });

  it('closes an engine whose work failed, and everything when it is closed', async () => {
    const { pool, counts } = countingPool(2);
    await expect(pool.withEngine(['/a'], () => Promise.reject(new Error('out of memory')))).rejects.toThrow('memory');
    expect(counts().open).toBe(0);
    const hold = gate();
    const busy = pool.withEngine(['/a'], () => hold.opened);
    await pool.withEngine(['/b'], async () => undefined);
    await pool.close();
    hold.open();
    await busy;
    expect(counts().open).toBe(0);
  });
});
