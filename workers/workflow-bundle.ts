import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import workerPackage from '@temporalio/worker/package.json' with { type: 'json' };
import type { PayloadKeys } from '../contracts/payload-keys.ts';
import { FAILURE_CONVERTER_PATH } from '../security/data-converter.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** Everything that can end up in the bundle: workflows import contracts and their own folder, and nothing else. */
const FOLDERS = ['workflows', 'contracts'];
/** Part of the hash: to be raised when the way of bundling changes. */
const FORMAT = 'bundle 3';

/**
 * The file of the bundled workflow code. It is built when the workflow sources or the SDK changed and kept by the hash of
 * both, so that worker processes that start together, and the next start, share one build.
 * With `keys` it is the one whose failures hide their messages. `cacheDirectory` is used when `node_modules/.cache` cannot be written.
 */
export async function workflowBundle(
  cacheDirectory: string,
  keys?: PayloadKeys,
): Promise<{ readonly codePath: string }> {
  const name = `workflows-${(await hashSources()).slice(0, 16)}${keys === undefined ? '' : '-sealed'}.js`;
  const places = [path.join(ROOT, 'node_modules', '.cache', 'asof'), cacheDirectory];
  for (const place of places) {
    const codePath = path.join(place, name);
    if (await exists(codePath)) return { codePath };
  }
  const { code } = await bundleWorkflowCode({
    workflowsPath: path.join(ROOT, 'workflows', 'index.ts'),
    logger: new DefaultLogger('ERROR'),
    ...(keys !== undefined && { failureConverterPath: FAILURE_CONVERTER_PATH }),
    // module ids are paths from here: the bundle must not depend on where the process was started
    webpackConfigHook: (config) => ({ ...config, context: ROOT }),
  });
  return { codePath: await keep(places, name, code) };
}

async function hashSources(): Promise<string> {
  const hash = createHash('sha256').update(`${FORMAT}\0${workerPackage.version}`);
  for (const folder of FOLDERS) {
    const names = (await readdir(path.join(ROOT, folder))).filter((name) => name.endsWith('.ts')).sort();
    for (const name of names)
      hash.update(`\0${folder}/${name}\0`).update(await readFile(path.join(ROOT, folder, name)));
  }
  return hash.digest('hex');
}

/** Written under another name and renamed: a process that starts meanwhile never reads half a bundle. */
async function keep(places: readonly string[], name: string, code: string): Promise<string> {
  let problem: unknown;
  for (const place of places) {
    try {
      await mkdir(place, { recursive: true });
      const staged = path.join(place, `${name}.${randomUUID()}`);
      await writeFile(staged, code);
      await rename(staged, path.join(place, name));
      return path.join(place, name);
    } catch (error) {
      problem = error;
    }
  }
  throw problem;
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
