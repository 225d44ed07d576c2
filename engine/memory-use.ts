import type { Engine } from './engine.ts';

export interface EngineMemoryUse {
  /** What the engine counts as its own at this moment. */
  readonly bytes: number;
  /** Written to the spill directory. */
  readonly spilledBytes: number;
}

/** Answers while other sessions work. */
export async function readMemoryUse(engine: Engine): Promise<EngineMemoryUse> {
  const [row] = await engine.session((session) =>
    session.rows(
      'SELECT sum(memory_usage_bytes)::BIGINT AS used, sum(temporary_storage_bytes)::BIGINT AS spilled FROM duckdb_memory()',
    ),
  );
  return { bytes: Number(row?.['used'] ?? 0), spilledBytes: Number(row?.['spilled'] ?? 0) };
}
