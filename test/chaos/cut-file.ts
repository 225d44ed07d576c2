/** Fault 9 at the end of a run: a file of the lake loses its last byte, and fsck has to say so. */
import { statSync, truncateSync } from 'node:fs';
import path from 'node:path';
import { checkLake } from '../../lake/fsck.ts';
import type { ChaosPlatform } from './chaos-platform.ts';
import { SOURCE } from './definitions.ts';
import type { Dice } from './dice.ts';

/** What fsck overlooks; nothing of it is whole afterwards. A lake on S3 has tests of its own for this. */
export async function cutFileUnseen(platform: ChaosPlatform, dice: Dice): Promise<readonly string[]> {
  const { catalog, project, settings, lakeProxy } = platform;
  if (lakeProxy !== null) return [];
  const { files } = await catalog.tables.files({ project, kind: 'source', name: SOURCE, version: '' });
  const victim = dice.pick(files).path;
  const file = path.join(settings.lake, project, victim);
  truncateSync(file, statSync(file).size - 1);
  const { problems } = await checkLake({ ...platform });
  return problems.some((problem) => problem.path === victim) ? [] : [`${victim} was cut, and fsck says nothing of it`];
}
