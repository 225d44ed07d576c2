/** One CommonJS text out of TypeScript files: the same text on every machine. */
import { build, type BuildFailure } from 'esbuild';
import { AsofError, messageOf } from '../../contracts/errors.ts';

/** The oldest Node that runs Asof: bundles are stored and must load wherever they are read. */
const TARGET = 'node20';

/**
 * Bundles `contents` with what it imports; `asof` and Node's own modules stay outside. Paths appear relative to
 * `directory` only, and no tsconfig of the surroundings takes part. Throws `DEFINITIONS_UNLOADABLE`.
 */
export async function bundleModules(contents: string, directory: string): Promise<string> {
  try {
    const { outputFiles } = await build({
      stdin: { contents, resolveDir: directory, sourcefile: '<definitions>', loader: 'ts' },
      absWorkingDir: directory,
      bundle: true,
      write: false,
      format: 'cjs',
      platform: 'node',
      target: TARGET,
      external: ['asof'],
      charset: 'utf8',
      legalComments: 'none',
      tsconfigRaw: '{}',
      nodePaths: [],
      logLevel: 'silent',
    });
    return outputFiles[0]!.text;
  } catch (error) {
    throw unloadable(error);
  }
}

function unloadable(error: unknown): AsofError {
  const first = (error as Partial<BuildFailure>).errors?.[0];
  const file = first?.location?.file ?? 'definitions';
  const at = first?.location ? `line ${first.location.line}: ` : '';
  return new AsofError('DEFINITIONS_UNLOADABLE', { file, problem: `${at}${first?.text ?? messageOf(error)}` }, error);
}
