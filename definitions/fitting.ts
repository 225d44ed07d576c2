/** Which features are fitted, and the fits that a request is answered with. */
import { AsofError } from '../contracts/errors.ts';
import type { FitVersion, ProjectFits } from '../contracts/fits.ts';
import type { FeatureManifest, FeatureViewManifest, Manifest } from '../contracts/manifest.ts';
import type { FeaturePlan, PlannedView } from '../contracts/plan.ts';
import { resolveFeatures } from './resolution.ts';

/** The features whose transforms come without parameters. */
export function fittedFeatures(view: Pick<FeatureViewManifest, 'features'>): readonly FeatureManifest[] {
  return view.features.filter(({ transform }) => transform !== null && !transform.fitted);
}

/** The services that read a fitted feature of the view, themselves or through derived views. */
export function servicesFittedBy(manifest: Manifest, view: string): readonly string[] {
  return manifest.services
    .map(({ name }) => name)
    .filter((service) =>
      resolveFeatures(manifest, { service }).views.some(
        (planned) => planned.view.name === view && fittedFeatures(planned).length > 0,
      ),
    );
}

export interface FitChoice {
  /** Its own fits come before the newest. */
  readonly service?: string | undefined;
  /** View to the fit that must be used, such as the one that a dataset was built with. */
  readonly versions?: Readonly<Record<string, number>> | undefined;
}

/**
 * The plan with the parameters of every fitted transform that it reads. Throws `NOT_FITTED` naming the feature, and how to
 * fit it.
 */
export function fillFits(plan: FeaturePlan, fits: ProjectFits, choice: FitChoice = {}): FeaturePlan {
  return { ...plan, views: plan.views.map((planned) => fillView(planned, fits, choice)) };
}

function fillView(planned: PlannedView, fits: ProjectFits, choice: FitChoice): PlannedView {
  const [waiting] = fittedFeatures(planned);
  if (waiting === undefined) return planned;
  const { name } = planned.view;
  const fit = chooseFit(planned.view, fits, choice);
  if (fit === undefined) {
    throw new AsofError('NOT_FITTED', {
      where: `view ${name}, feature ${waiting.name}, transform ${waiting.transform!.function}`,
      view: name,
    });
  }
  const features = planned.features.map((feature) => {
    const { transform } = feature;
    if (transform === null || transform.fitted) return feature;
    return { ...feature, transform: { ...transform, parameters: fit.features[feature.name] ?? {}, fitted: true } };
  });
  const { version, from, until } = fit;
  return { ...planned, features, fit: { version, from: from?.toString() ?? null, until: until.toString() } };
}

function chooseFit(
  { name, fingerprint }: FeatureViewManifest,
  { versions, services }: ProjectFits,
  choice: FitChoice,
): FitVersion | undefined {
  const own = versions.filter((fit) => fit.view === name && fit.fingerprint === fingerprint);
  const held = services.find(
    (one) => one.service === choice.service && one.view === name && one.fingerprint === fingerprint,
  );
  const wanted = choice.versions?.[name] ?? held?.version;
  return wanted === undefined
    ? own.reduce<FitVersion | undefined>((a, b) => (a === undefined || b.version > a.version ? b : a), undefined)
    : own.find(({ version }) => version === wanted);
}
