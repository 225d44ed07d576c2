/** Fault 9 at the end of a run: a file of the lake loses its last byte or has a bit flipped; fsck says so, and no reader answers wrongly. */
import { readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { AsofError, messageOf } from '../../contracts/errors.ts';
import { checkLake } from '../../lake/fsck.ts';
import { SOURCE } from './definitions.ts';
import { checkOffline, type Evidence } from './invariants.ts';

/** What is wrong with how the damage is met; nothing of the lake is whole afterwards. A lake on S3 has tests of its own for this. */
export async function damageUnseen(evidence: Evidence): Promise<readonly string[]> {
  const { platform, dice } = evidence;
  const { catalog, project, settings, lakeProxy } = platform;
  if (lakeProxy !== null) return [];
  const { files } = await catalog.tables.files({ project, kind: 'source', name: SOURCE, version: '' });
  const victim = dice.pick(files).path;
  const file = path.join(settings.lake, project, victim);
  const damage = dice.happens(0.5) ? 'cut' : 'flipped';
  if (damage === 'cut') truncateSync(file, statSync(file).size - 1);
  else {
    const bytes = readFileSync(file);
    bytes[dice.integer(bytes.length)]! ^= 1 << dice.integer(8);
    writeFileSync(file, bytes);
  }
  const { problems } = await checkLake({ ...platform });
  const overlooked = problems.some((problem) => problem.path === victim) ? [] : ['fsck says nothing of it'];
  // view tables may answer in its place; what is read of it must be refused
  const answered = await checkOffline(evidence).catch((error: unknown) =>
    error instanceof AsofError && error.code === 'LAKE_FILE_CORRUPT' ? [] : [`a read failed by ${messageOf(error)}`],
  );
  return [...overlooked, ...answered].map((problem) => `${victim} was ${damage}: ${problem}`);
}
