import { requireInstant } from '../../contracts/time.ts';
import { runtimeFromBundle } from '../../definitions/loading.ts';
import { describeFit, fit, type Fitted } from '../../offline/fit.ts';
import { parseNames } from '../arguments.ts';
import type { Register } from '../main.ts';
import { withOfflineStores } from '../offline-stores.ts';
import { requireApplied } from '../project.ts';
import { drawTable, formatCount } from '../table.ts';

interface FitOptions {
  readonly from?: string;
  readonly until: string;
  readonly refit?: boolean;
  readonly services?: readonly string[];
}

export const registerFit: Register = (program, run) => {
  program
    .command('fit')
    .description('learn the parameters of a view’s transforms from the rows of a range')
    .argument('<view>')
    .requiredOption('--until <time>', 'end of the rows to learn from, exclusive')
    .option('--from <time>', 'their start (default: the first row)')
    .option('--refit', 'fit again what is fitted')
    .option('--services <names>', 'services that go over to this fit, or all', parseNames)
    .action((name: string, options: FitOptions) =>
      run((context) =>
        withOfflineStores(context, async ({ settings, catalog, lake, engine }) => {
          const { manifest, bundleHash } = await requireApplied(catalog, settings.project);
          const runtime = runtimeFromBundle(await catalog.definitions.bundle(bundleHash));
          const { from, until, refit = false, services = [] } = options;
          const fitted = await fit(
            { catalog, lake, engine, intervals: catalog.intervals, runtime, signal: context.signal },
            {
              manifest,
              view: name,
              from: from === undefined ? null : requireInstant(from, '--from'),
              until: requireInstant(until, '--until'),
              refit,
              services: services.includes('all') ? 'all' : services,
            },
          );
          const { isNew, services: held } = fitted;
          context.terminal.result({ ...describeFit(fitted.fit), new: isNew, services: held }, draw(fitted));
        }),
      ),
    );
};

function draw({ fit: { view, version, rows, features, ...basis }, isNew, services }: Fitted): readonly string[] {
  const { from, until } = describeFit({ view, version, rows, features, ...basis });
  const range = `${from === null ? '' : `from ${from} `}until ${until}`;
  return [
    isNew
      ? `Fit ${version} of ${view}: ${formatCount(rows)} rows ${range}.`
      : `${view} was fitted before (fit ${version}, ${range}); --refit fits it again.`,
    '',
    drawTable(
      ['feature', 'parameters'],
      Object.entries(features).map(([name, parameters]) => [name, shorten(JSON.stringify(parameters))]),
    ),
    ...Object.entries(services).map(([service, held]) => `service ${service}: fit ${held}`),
  ];
}

const LONGEST = 100;

function shorten(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)} …` : text;
}
