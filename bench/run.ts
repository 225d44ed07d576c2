/**
 * `npm run bench`: Asof and its peers side by side, with the ratio of their times.
 *
 *   npm run bench                                    the rows that fit into a quarter of an hour
 *   npm run bench offline                            every row of the offline engine
 *   npm run bench orchestration                      what a workflow adds to a dataset build
 *   npm run bench materialization                    from the lake to Redis
 *   npm run bench online                             reads, in process and over HTTP
 *   npm run bench streaming                        from a topic to readable windows
 *   npm run bench offline -- --only wide,as-of-10m   these rows
 *   npm run bench offline -- --rounds 1              other rounds
 *   npm run bench offline -- --peers polars,numpy    beside Asof only contenders with such words in their names
 *
 * Data are made once, below ~/.cache/asof/bench. Results go to bench/results, one file a row.
 */
import { parseArgs } from 'node:util';
import { runContest, type Contender } from './contest.ts';
import { drawOutcome, keepOutcome, markdownOutcome, outcomeOf, type Outcome } from './outcome.ts';
import { benchCache, providePeers } from './peers.ts';
import type { BenchContext, BenchRow } from './row.ts';
import { ROWS } from './rows.ts';

const { values: options, positionals } = parseArgs({
  options: { only: { type: 'string' }, rounds: { type: 'string' }, peers: { type: 'string' } },
  allowPositionals: true,
});

async function main(): Promise<void> {
  const cache = await benchCache();
  const report = (line: string): void => console.error(line);
  const context: BenchContext = { cache, python: () => providePeers(cache, report), report };
  const outcomes: Outcome[] = [];
  for (const row of chooseRows()) {
    report(`\n${row.title}`);
    try {
      outcomes.push(await runRow(row, context));
    } catch (error) {
      // the other rows still tell something
      console.error(error);
      process.exitCode = 1;
    }
  }
  console.log(outcomes.map(markdownOutcome).join('\n\n'));
  const verdicts = outcomes.flatMap(({ row, targets }) =>
    targets.map(({ column, text, verdict }) => `${verdict}: ${row}: ${text} (${column})`),
  );
  console.log(`\n${verdicts.join('\n')}`);
}

function chooseRows(): readonly BenchRow[] {
  const [group] = positionals;
  if (group !== undefined && !ROWS.some((row) => row.group === group)) throw new Error(`no rows of "${group}"`);
  const ids = options.only?.split(',');
  const unknown = ids?.find((id) => !ROWS.some((row) => row.id === id));
  if (unknown !== undefined) throw new Error(`no row "${unknown}"; there are ${ROWS.map(({ id }) => id).join(', ')}`);
  return ROWS.filter((row) => {
    if (group !== undefined && row.group !== group) return false;
    return ids === undefined ? group !== undefined || row.quick : ids.includes(row.id);
  });
}

async function runRow(row: BenchRow, context: BenchContext): Promise<Outcome> {
  const contenders = choosePeers(await row.prepare(context));
  const standings = await runContest(contenders, Number(options.rounds ?? row.rounds), context.report);
  const outcome = outcomeOf(row, standings, (await row.verify?.(context, standings)) ?? []);
  console.log(drawOutcome(outcome));
  await keepOutcome(outcome);
  return outcome;
}

/** Every contender of ours, and the peers whose names have one of the words. */
function choosePeers(contenders: readonly Contender[]): readonly Contender[] {
  const words = options.peers?.toLowerCase().split(',');
  if (words === undefined) return contenders.filter(({ slow }) => slow !== true || positionals.length > 0);
  return contenders.filter(
    ({ name }) => name.startsWith('Asof') || words.some((word) => name.toLowerCase().includes(word)),
  );
}

await main();
