/** The rows of a snapshot of the source: which inputs it holds is asked of the catalog's tables, their rows of the model. */
import { Client } from 'pg';
import type { WorldRow } from '../world/world.ts';
import type { InputFiles } from './input-files.ts';

export interface CommittedInput {
  readonly path: string;
  readonly checksum: string;
  readonly sequenceStart: bigint;
}

/** Runs a query of the catalog's own database, past the product. */
export async function queryCatalog<Row extends object>(
  url: string,
  sql: string,
  values: readonly unknown[] = [],
): Promise<readonly Row[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(sql, [...values])).rows;
  } finally {
    await client.end();
  }
}

export async function committedInputs(
  url: string,
  source: string,
  snapshot: number,
): Promise<readonly CommittedInput[]> {
  const rows = await queryCatalog<{ path: string; checksum: string; start: string }>(
    url,
    `select i.path, i.checksum, i.sequence_start as start from asof.inputs i join asof.tables t on t.id = i.table_id
     where t.kind = 'source' and t.name = $1 and i.begin_snapshot <= $2 and (i.end_snapshot is null or i.end_snapshot > $2)`,
    [source, snapshot],
  );
  return rows.map(({ start, ...input }) => ({ ...input, sequenceStart: BigInt(start) }));
}

/** Without the rows that the source's rule sets aside. */
export function worldRows(inputs: readonly CommittedInput[], files: InputFiles): readonly WorldRow[] {
  return inputs.flatMap(({ checksum, sequenceStart }) =>
    files.rowsOf(checksum).flatMap(({ happenedMillis, name, amount }, index) =>
      name === null
        ? []
        : {
            keys: [name],
            event: BigInt(happenedMillis) * 1000n,
            created: null,
            sequence: sequenceStart + BigInt(index),
            values: { amount: BigInt(amount), price: null, label: null, flag: null, seen: null, vector: null },
          },
    ),
  );
}
