/** What only a lake on a local disk has to do. */
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openLake } from '../../../lake/open.ts';
import { settingsFor } from '../../support/settings.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'asof-lake-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

test('a folder that cannot be written to is a clear failure', async () => {
  const lake = await openLake(settingsFor(directory));
  writeFileSync(join(fileURLToPath(lake.url), 'blocked'), 'a file where a folder should be');
  await expect(lake.write('blocked/a', Buffer.from('x'))).rejects.toMatchObject({ code: 'LAKE_WRITE_FAILED' });
  const staged: string[] = [];
  for await (const { path } of lake.list('staging/')) staged.push(path);
  expect(staged).toEqual([]);
});

test('opening resolves symbolic links, which the engine refuses', async () => {
  const link = join(directory, 'link');
  symlinkSync(mkdtempSync(join(directory, 'real-')), link);
  const linked = await openLake(settingsFor(directory, { lake: link }));
  expect(linked.directories[0]).toContain('real-');
  expect(linked.url).toMatch(/^file:\/\/\/.*real-.*\/test$/);
});
