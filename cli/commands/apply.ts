import { createInterface } from 'node:readline/promises';
import type { Settings } from '../../contracts/config.ts';
import { AsofError } from '../../contracts/errors.ts';
import type { Manifest } from '../../contracts/manifest.ts';
import { declaredSchedules } from '../../definitions/declared-schedules.ts';
import { readStack } from '../../stack/dev.ts';
import { explainPlan } from '../../definitions/diff.ts';
import type { CommandContext, Register } from '../main.ts';
import { withCatalog } from '../project.ts';
import { planApply } from './plan.ts';

export const registerApply: Register = (program, run) => {
  program
    .command('apply')
    .description('make the catalog match the definitions')
    .option('--yes', 'do not ask')
    .option('--allow-destructive', 'allow changes that lose something')
    .action((options: { yes?: boolean; allowDestructive?: boolean }) =>
      run((context) =>
        withCatalog(context, async ({ settings, catalog }) => {
          const { terminal } = context;
          const { base, current, manifest, bundle, plan } = await planApply(settings, catalog);
          const document = { project: settings.project, fingerprint: manifest.fingerprint, ...plan };
          if (
            current !== undefined &&
            current.manifest.fingerprint === manifest.fingerprint &&
            current.bundleHash === bundle.hash
          ) {
            // an earlier apply may have been interrupted, and somebody may have changed one by hand
            await reconcile(context, settings, manifest, manifest);
            terminal.result({ ...document, version: base, applied: false }, 'Nothing to change.');
            return;
          }
          const [destructive] = plan.destructive;
          if (destructive !== undefined && !options.allowDestructive) {
            throw new AsofError('DESTRUCTIVE_CHANGE', { problem: destructive });
          }
          if (!options.yes) {
            for (const line of explainPlan(plan)) terminal.note(line);
            if (!(await confirm(context))) throw new AsofError('USAGE', { problem: 'not applied' });
          }
          const { version } = await catalog.definitions.apply({ project: settings.project, base, manifest, bundle });
          await reconcile(context, settings, manifest, current?.manifest);
          terminal.result({ ...document, version, applied: true }, [
            ...(options.yes ? explainPlan(plan) : []),
            `Applied as version ${version} of ${settings.project}.`,
          ]);
        }),
      ),
    );
};

/**
 * Brings the schedules on the Temporal server in line. A server is started only for definitions that declare some, or did; without
 * any, one that does not answer is no failure.
 */
async function reconcile(
  context: CommandContext,
  settings: Settings,
  manifest: Manifest,
  before: Manifest | undefined,
): Promise<void> {
  const isConcerned = [manifest, ...(before ? [before] : [])].some((one) => declaredSchedules(one).length > 0);
  const hasTemporal = settings.temporal.address !== null || readStack(settings) !== undefined;
  if (!isConcerned && !hasTemporal) return;
  // Temporal's client is large, and most projects declare no schedule
  const [{ withScheduleClient }, { reconcileSchedules }] = await Promise.all([
    import('../schedules.ts'),
    import('../../workers/reconcile-schedules.ts'),
  ]);
  try {
    await withScheduleClient(settings, context, (client) => reconcileSchedules(client, manifest, before));
  } catch (error) {
    if (isConcerned) {
      context.terminal.note('The definitions are applied, their schedules are not: run `asof apply` again.');
      throw error;
    }
  }
}

async function confirm({ signal }: CommandContext): Promise<boolean> {
  if (!process.stdin.isTTY) throw new AsofError('USAGE', { problem: 'nobody to ask for consent; add --yes' });
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test(await prompt.question('Apply? [y/N] ', { signal }));
  } finally {
    prompt.close();
  }
}
