/** The benchmark's data: the same rows on every machine, made by hashing the row's number. */
import { existsSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import path from 'node:path';
import { openEngine } from '../engine/duckdb.ts';
import { literalText } from '../engine/sql.ts';

export interface AsOfSize {
  readonly name: string;
  readonly rows: number;
  readonly spineRows: number;
  readonly keys: number;
}

export interface AsOfWorld {
  readonly features: string;
  readonly spine: string;
}

const DAYS = 90;
const MICROS_PER_DAY = 86_400_000_000;
/** 2024-01-01T00:00:00Z. */
const START = 1_704_067_200_000_000;

/** Writes the feature rows and the spine of one size below `directory`, unless they are there. */
export async function makeAsOfWorld(directory: string, size: AsOfSize): Promise<AsOfWorld> {
  const world = { features: path.join(directory, 'features.parquet'), spine: path.join(directory, 'spine.parquet') };
  if (existsSync(world.features) && existsSync(world.spine)) return world;
  await mkdir(directory, { recursive: true });
  const engine = await openEngine({
    memoryLimit: '4GB',
    threads: 2,
    tempDirectory: path.join(directory, 'spill'),
    allowedDirectories: [directory],
  });
  const write = (query: string, file: string): Promise<void> =>
    engine.session((session) =>
      session.run(`COPY (${query}) TO ${literalText(`${file}.half`)} (FORMAT parquet, COMPRESSION zstd)`),
    );
  try {
    const values = Array.from({ length: 10 }, (_, index) => `(hash(i, ${index + 10}) % 1000000) / 1000.0 AS f${index}`);
    await write(
      `SELECT (hash(i, 1) % ${size.keys})::BIGINT AS key, ${instant('i', 2)} AS event_ts,
        ${instant('i', 2)} + to_seconds((hash(i, 3) % 3600)::BIGINT) AS created_ts, ${values.join(', ')}
       FROM range(${size.rows}) t(i)`,
      world.features,
    );
    await write(
      `SELECT (hash(i, 4) % ${size.keys})::BIGINT AS key, ${instant('i', 5)} AS event_timestamp
       FROM range(${size.spineRows}) t(i)`,
      world.spine,
    );
    for (const file of [world.features, world.spine]) await rename(`${file}.half`, file);
  } finally {
    await engine.close();
  }
  return world;
}

function instant(row: string, salt: number): string {
  return `make_timestamp((${START} + hash(${row}, ${salt}) % ${DAYS * MICROS_PER_DAY})::BIGINT)`;
}
