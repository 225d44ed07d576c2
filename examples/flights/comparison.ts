/** Reads the same keys online, by HTTP, and offline, by a point-in-time join, and compares value by value. */
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { asof } from './asof-command.ts';

/** Entities of one request. */
const BATCH = 100;

export interface Comparison {
  readonly keys: number;
  /** Keys of which every value is equal. */
  readonly equal: number;
  /** Share of the compared values that are not null. */
  readonly presentShare: number;
  readonly differences: readonly string[];
}

interface OnlineFeatures {
  readonly metadata: { readonly feature_names: readonly string[] };
  readonly results: readonly { readonly values: readonly unknown[] }[];
}

type Row = Readonly<Record<string, unknown>>;

export async function compareOnlineWithOffline(input: {
  readonly project: string;
  readonly api: string;
  readonly service: string;
  readonly spine: string;
  readonly at: string;
}): Promise<Comparison> {
  const output = path.join(path.dirname(input.spine), 'last-instant.jsonl');
  await rm(output, { force: true });
  await asof(input.project, 'historical', '--spine', input.spine, '--service', input.service, '--out', output);
  const offline = (await readFile(output, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Row);
  const online: Row[] = [];
  for (let start = 0; start < offline.length; start += BATCH) {
    online.push(...(await readOnline(input, offline.slice(start, start + BATCH))));
  }
  return compareRows(offline, online);
}

async function readOnline(
  { api, service, at }: { readonly api: string; readonly service: string; readonly at: string },
  rows: readonly Row[],
): Promise<readonly Row[]> {
  const entities = {
    origin: rows.map((row) => row['origin']),
    destination: rows.map((row) => row['destination']),
  };
  const response = await fetch(`${api}/v1/online-features`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ service, entities, at }),
  });
  if (!response.ok) throw new Error(`the API answered ${response.status}: ${await response.text()}`);
  const { metadata, results } = (await response.json()) as OnlineFeatures;
  return rows.map((_, index) =>
    Object.fromEntries(metadata.feature_names.map((name, column) => [name, results[column]?.values[index] ?? null])),
  );
}

function compareRows(offline: readonly Row[], online: readonly Row[]): Comparison {
  const differences: string[] = [];
  let equal = 0;
  let values = 0;
  let present = 0;
  offline.forEach((row, index) => {
    const before = differences.length;
    for (const [name, expected] of Object.entries(row)) {
      if (!name.includes('__')) continue;
      const actual = online[index]?.[name] ?? null;
      values++;
      if (expected !== null) present++;
      if (!isSame(expected, actual)) {
        differences.push(
          `${String(row['origin'])} → ${String(row['destination'])}: ${name} is ${JSON.stringify(actual)} online, ${JSON.stringify(expected)} offline`,
        );
      }
    }
    if (differences.length === before) equal++;
  });
  return { keys: offline.length, equal, presentShare: present / Math.max(1, values), differences };
}

/** Integers and text are equal exactly; means agree within the contract's 1e-9. */
function isSame(expected: unknown, actual: unknown): boolean {
  if (typeof expected === 'number' && typeof actual === 'number' && !Number.isInteger(expected)) {
    return Math.abs(expected - actual) <= 1e-9 * Math.max(1, Math.abs(expected));
  }
  return expected === actual;
}
