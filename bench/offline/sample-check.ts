/** Ten thousand random rows of a join's output beside a brute-force oracle that looks at every row that was ingested. */
import type { ColumnBatch, Session } from '../../engine/engine.ts';
import { literalText } from '../../engine/sql.ts';
import { TTL_DAYS, withSession, type ReadingsProject } from '../readings.ts';

const SAMPLE = 10_000;
const TTL_MICROS = TTL_DAYS * 86_400_000_000;

interface SampledRow {
  readonly row: number;
  readonly at: number;
  /** The values of the output, null where there are none. */
  readonly output: readonly (number | null)[];
  found: { readonly event: number; readonly created: number; readonly values: readonly number[] } | undefined;
}

/** Says how many rows were compared. Throws when a value is wrong. Rows of one key never share event and created here. */
export async function checkSample(input: {
  readonly project: ReadingsProject;
  readonly spine: string;
  readonly output: string;
}): Promise<string> {
  const { project, spine, output } = input;
  const [view] = project.views;
  if (view === undefined) throw new Error('the project has no view');
  return withSession(project.root, async (session) => {
    const byKey = await readSample(session, {
      spine,
      output,
      columns: view.values.map((name) => `${view.name}__${name}`),
    });
    const list = ['key', 'epoch_us(event_ts)', 'epoch_us(created_ts)', ...view.values].join(', ');
    await session.visit(`SELECT ${list} FROM read_parquet(${literalText(view.files)})`, (batch) => {
      offerRows(batch, byKey);
    });
    const wrong = [...byKey.values()].flat().filter((sampled) => !isRight(sampled));
    if (wrong.length > 0)
      throw new Error(`${wrong.length} of ${SAMPLE} sampled rows are wrong: ${describe(wrong[0]!)}`);
    return `${SAMPLE.toLocaleString('en')} random rows equal those of an oracle that looks at every row`;
  });
}

async function readSample(
  session: Session,
  { spine, output, columns }: { readonly spine: string; readonly output: string; readonly columns: readonly string[] },
): Promise<ReadonlyMap<bigint, SampledRow[]>> {
  const numbered = (file: string): string =>
    `(SELECT *, row_number() OVER () AS row FROM read_parquet(${literalText(file)}))`;
  const rows = await session.rows(
    `SELECT s.row, s.key, epoch_us(s.event_timestamp) AS at, ${columns.map((name) => `o.${name}`).join(', ')}
     FROM (SELECT * FROM ${numbered(spine)} USING SAMPLE reservoir(${SAMPLE} ROWS) REPEATABLE (7)) s
     JOIN ${numbered(output)} o ON o.row = s.row AND o.key = s.key AND o.event_timestamp = s.event_timestamp`,
  );
  if (rows.length !== SAMPLE)
    throw new Error(`only ${rows.length} of ${SAMPLE} rows of the spine stand in their place`);
  const byKey = new Map<bigint, SampledRow[]>();
  for (const row of rows) {
    const key = row['key'] as bigint;
    const held = byKey.get(key) ?? [];
    const values = columns.map((name) => row[name] as number | null);
    held.push({ row: Number(row['row']), at: Number(row['at']), output: values, found: undefined });
    byKey.set(key, held);
  }
  return byKey;
}

/** Every row is held against every sampled request of its key. */
function offerRows({ rows, columns }: ColumnBatch, byKey: ReadonlyMap<bigint, SampledRow[]>): void {
  const [keys, events, createds, ...values] = columns.map((column) => column.values as BigInt64Array);
  for (let index = 0; index < rows; index++) {
    const asked = byKey.get(keys![index]!);
    if (asked === undefined) continue;
    const event = Number(events![index]);
    const created = Number(createds![index]);
    for (const sampled of asked) {
      const { at, found } = sampled;
      if (event > at || event < at - TTL_MICROS) continue;
      if (found && (found.event > event || (found.event === event && found.created > created))) continue;
      sampled.found = { event, created, values: values.map((column) => Number(column[index])) };
    }
  }
}

function isRight({ output, found }: SampledRow): boolean {
  return output.every((value, index) => value === (found?.values[index] ?? null));
}

function describe({ row, output, found }: SampledRow): string {
  return `row ${row} has ${output.join(', ')} and should have ${found?.values.join(', ') ?? 'nothing'}`;
}
