/** Rules on the features of views, as rules on the columns that the features read. */
import type {
  ExpectationManifest,
  FeatureViewManifest,
  Manifest,
  StoredSourceManifest,
} from '../contracts/manifest.ts';

export interface ViewRule {
  readonly view: string;
  readonly feature: string;
  /** About the source's column. */
  readonly rule: ExpectationManifest;
}

/** The row rules that every row of the source must satisfy because of a view that reads it. */
export function viewRules(
  { views }: Pick<Manifest, 'views'>,
  source: Pick<StoredSourceManifest, 'name'>,
): readonly ViewRule[] {
  return views.flatMap((view) =>
    view.kind === 'feature' && view.source === source.name ? view.options.expectations.flatMap(onColumn(view)) : [],
  );
}

/** The source with the rules of its views behind its own, so that no stored row breaks any of them. */
export function withViewRules<Source extends StoredSourceManifest>(
  manifest: Pick<Manifest, 'views'>,
  source: Source,
): Source {
  return { ...source, expectations: [...source.expectations, ...viewRules(manifest, source).map(({ rule }) => rule)] };
}

function onColumn({ name, features }: FeatureViewManifest): (rule: ExpectationManifest) => readonly ViewRule[] {
  return (rule) => {
    const feature = features.find((one) => one.name === rule.arguments['column']);
    if (rule.level !== 'row' || feature?.kind !== 'column') return [];
    const onSource = { ...rule, arguments: { ...rule.arguments, column: feature.column } };
    return [{ view: name, feature: feature.name, rule: onSource }];
  };
}
