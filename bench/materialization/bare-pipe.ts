/** The least that a bulk write can be: values packed as doubles, one SET with a life an entity, through `redis-cli --pipe`. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Redis } from 'ioredis';
import { openEngine } from '../../engine/duckdb.ts';
import type { ColumnBatch } from '../../engine/engine.ts';
import { literalText } from '../../engine/sql.ts';
import type { MaterializationTask } from './task.ts';

const DOUBLE_BYTES = 8;
const DAY_MILLIS = 86_400_000;

/** Reads the file with the same engine, one statement, and pipes what it gives. */
export async function pipeRows(
  { file, values, ttlDays }: MaterializationTask,
  redisUrl: string,
  directories: { readonly data: string; readonly spill: string },
): Promise<void> {
  const engine = await openEngine({
    memoryLimit: '2GB',
    threads: 2,
    tempDirectory: directories.spill,
    allowedDirectories: [directories.data],
  });
  const client = spawn('redis-cli', ['-u', redisUrl, '--pipe'], { stdio: ['pipe', 'ignore', 'inherit'] });
  const ended = once(client, 'close');
  const columns = Array.from({ length: values }, (_, index) => `f${index}`);
  const life = String(ttlDays * DAY_MILLIS);
  await engine.session((session) =>
    session.visit(`SELECT key, ${columns.join(', ')} FROM read_parquet(${literalText(file)})`, (batch) => {
      client.stdin.write(commandsOf(batch, life));
    }),
  );
  client.stdin.end();
  await ended;
  await engine.close();
}

function commandsOf({ rows, columns: [keys, ...columns] }: ColumnBatch, life: string): Buffer {
  const parts: Buffer[] = [];
  const size = columns.length * DOUBLE_BYTES;
  const tail = Buffer.from(`\r\n$2\r\nPX\r\n$${life.length}\r\n${life}\r\n`);
  for (let row = 0; row < rows; row += 1) {
    const key = keyOf(Number(keys!.values[row]));
    const packed = Buffer.allocUnsafe(size);
    columns.forEach(({ values }, index) => packed.writeDoubleLE(values[row] as number, index * DOUBLE_BYTES));
    parts.push(Buffer.from(`*5\r\n$3\r\nSET\r\n$${key.length}\r\n${key}\r\n$${size}\r\n`), packed, tail);
  }
  return Buffer.concat(parts);
}

/** The first value of each key. */
export async function readPiped(redisUrl: string, keys: readonly number[]): Promise<readonly number[]> {
  const redis = new Redis(redisUrl);
  const found = await redis.mgetBuffer(keys.map(keyOf));
  await redis.quit();
  return found.map((packed) => packed?.readDoubleLE(0) ?? Number.NaN);
}

function keyOf(key: number): string {
  return `bare:${key}`;
}
