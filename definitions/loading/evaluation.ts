/** Runs a bundle with `asof` bound to this library. Definitions are the project's own code: they are trusted. */
import { createRequire, isBuiltin } from 'node:module';
import { compileFunction } from 'node:vm';
import { AsofError, messageOf } from '../../contracts/errors.ts';
import { suggestNames } from '../closest-names.ts';
import * as language from '../language.ts';

const FILE_NAME = 'definitions.cjs';
const requireBuiltin = createRequire(import.meta.url);

/** A name that the language lacks is an error that lists what was probably meant. */
const library = new Proxy(language, {
  get: (target, name) => {
    if (typeof name === 'symbol' || name in target || name === '__esModule' || name === 'default') {
      return Reflect.get(target, name) as unknown;
    }
    throw new Error(`asof has no "${name}"; known: ${suggestNames(name, Object.keys(target)).join(', ')}`);
  },
});

/** The exports of a bundle. Throws `DEFINITIONS_UNLOADABLE` naming the file whose code failed. */
export function evaluateBundle(code: string): Readonly<Record<string, unknown>> {
  const module = { exports: {} as Readonly<Record<string, unknown>> };
  const exit = Object.getOwnPropertyDescriptor(process, 'exit')!;
  // ending the process here would look like a command that is done, or take a worker down
  process.exit = () => {
    throw new Error('process.exit is not for definitions; throw an error');
  };
  try {
    const run = compileFunction(code, ['module', 'exports', 'require'], { filename: FILE_NAME }) as (
      ...values: readonly unknown[]
    ) => void;
    run(module, module.exports, requireModule);
  } catch (error) {
    if (error instanceof AsofError) throw error;
    throw new AsofError('DEFINITIONS_UNLOADABLE', { file: fileOf(error, code), problem: messageOf(error) }, error);
  } finally {
    Object.defineProperty(process, 'exit', exit);
  }
  return module.exports;
}

function requireModule(name: string): unknown {
  if (name === 'asof') return library;
  if (isBuiltin(name)) return requireBuiltin(name) as unknown;
  throw new Error(`"${name}" cannot be imported by definitions; import from 'asof' alone`);
}

/** The bundler writes the file's name above the code that came from it. */
function fileOf(error: unknown, code: string): string {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  const line = Number(new RegExp(`${FILE_NAME.replace('.', '\\.')}:(\\d+)`).exec(stack)?.[1] ?? 0);
  const above = code.split('\n').slice(0, line);
  return above.findLast((text) => /^\/\/ .*\.[cm]?[jt]sx?$/.test(text))?.slice('// '.length) ?? 'definitions';
}
