/** From files to meaning: settings, definitions, the bundle they are stored as, and their runtime. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Settings } from '../contracts/config.ts';
import { AsofError } from '../contracts/errors.ts';
import type { Manifest } from '../contracts/manifest.ts';
import type { DefinitionRuntime } from '../contracts/plan.ts';
import { sha256 } from './fingerprint.ts';
import { bundleModules } from './loading/bundle.ts';
import { evaluateBundle } from './loading/evaluation.ts';
import { createFunctionHash } from './loading/function-hash.ts';
import { collectDefinitions } from './normalization/definition-set.ts';
import { normalizeDefinitions } from './normalization/manifest.ts';
import { createRuntime } from './runtime.ts';

export { loadSettings, settingsOf } from './loading/settings.ts';
export { runtimeFromBundle } from './runtime.ts';

export interface LoadedDefinitions {
  readonly manifest: Manifest;
  /** The code of all definition files as one CommonJS text, and its SHA-256. */
  readonly bundle: { readonly hash: string; readonly code: string };
  readonly runtime: DefinitionRuntime;
}

/**
 * Bundles, evaluates and checks the project's definition files. Throws `CONFIG_INVALID` when there are none,
 * `DEFINITIONS_UNLOADABLE` when one does not compile or run, and `DEFINITIONS_INVALID`.
 */
export async function loadDefinitions(
  settings: Pick<Settings, 'project' | 'projectDirectory' | 'definitions'>,
): Promise<LoadedDefinitions> {
  const { project, projectDirectory } = settings;
  const files = settings.definitions.map((file) => relativeFile(file, projectDirectory)).sort();
  requireFiles(files, projectDirectory);
  const entry = files.map((file, index) => `export * as module${index} from ${JSON.stringify(file)};`).join('\n');
  const code = await bundleModules(entry, projectDirectory);
  const exports = evaluateBundle(code);
  const set = collectDefinitions(
    files.map((file, index) => ({
      file: path.posix.normalize(file),
      exports: exports[`module${index}`] as Readonly<Record<string, unknown>>,
    })),
  );
  const functionHash = createFunctionHash(code);
  const manifest = normalizeDefinitions(set, { project, projectDirectory, functionHash });
  return { manifest, bundle: { hash: sha256(code), code }, runtime: createRuntime(set) };
}

/** A specifier that the bundler reads as a path, the same on every machine. */
function relativeFile(file: string, projectDirectory: string): string {
  const relative = path.relative(projectDirectory, file).split(path.sep).join('/');
  return relative.startsWith('../') ? relative : `./${relative}`;
}

function requireFiles(files: readonly string[], projectDirectory: string): void {
  const config = path.join(projectDirectory, 'asof.config.ts');
  if (files.length === 0) throw new AsofError('CONFIG_INVALID', { file: config, problem: 'definitions match no file' });
  const missing = files.find((file) => !existsSync(path.join(projectDirectory, file)));
  if (missing === undefined) return;
  throw new AsofError('CONFIG_INVALID', { file: config, problem: `definitions: there is no file ${missing}` });
}
