/** The example of the documentation runs as it stands, and prints what is said there. */
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { createDatabase, temporaryDirectory, testStack, uniqueName } from '../../support/stack.ts';

const ROOT = path.resolve(import.meta.dirname, '../../..');

it('docs/library.md', async () => {
  const text = readFileSync(path.join(ROOT, 'docs/library.md'), 'utf8');
  const [example, printed] = [...text.matchAll(/```(?:ts)?\n(.*?)```/gs)].map((match) => match[1]!);
  const directory = temporaryDirectory();
  const database = await createDatabase();
  try {
    const file = path.join(directory.path, 'example.mts');
    const library = pathToFileURL(path.join(ROOT, 'index.ts')).href;
    writeFileSync(file, example!.replace("'asof'", `'${library}'`).replace("'shop'", `'${uniqueName('shop')}'`));
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', import.meta.resolve('tsx'), file], {
      cwd: directory.path,
      env: {
        ...process.env,
        ASOF_CATALOG_URL: database.url,
        REDIS_URL: testStack().redisUrl,
        ASOF_MEMORY_LIMIT: '1GB',
      },
    });
    expect(stdout).toBe(printed);
  } finally {
    await database.drop();
    directory.remove();
  }
});
