import type { Manifest } from '../contracts/manifest.ts';
import { Timestamp } from '../contracts/timestamp.ts';
import { fit, type Fitted } from '../offline/fit.ts';
import type { FitOptions, FittedView } from './store.ts';

/** Throws what `Store.fit` throws. */
export async function fitView(
  dependencies: Parameters<typeof fit>[0],
  manifest: Manifest,
  view: string,
  { from, until, refit = false, services = [] }: FitOptions,
): Promise<FittedView> {
  return describe(
    await fit(dependencies, {
      manifest,
      view,
      from: from === undefined ? null : Timestamp.from(from, 'from').epochMicroseconds,
      until: Timestamp.from(until, 'until').epochMicroseconds,
      refit,
      services: services === 'all' ? 'all' : services.map((one) => (typeof one === 'string' ? one : one.name)),
    }),
  );
}

function describe({ fit: { view, version, features, rows, snapshot, from, until }, isNew, services }: Fitted) {
  return {
    view,
    version,
    features,
    rows,
    snapshot,
    from: from === null ? null : new Timestamp(from),
    until: new Timestamp(until),
    isNew,
    services,
  };
}
