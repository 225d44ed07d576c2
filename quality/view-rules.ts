/** Rules on the features of views, as rules on the columns that the features read. */
import type {
  ExpectationManifest,
  FeatureViewManifest,
  Manifest,
  StoredSourceManifest,
} from '../contracts/manifest.ts';
import { columnsOf, judgedColumns, renameColumns } from '../definitions/expectation-columns.ts';

export interface ViewRule {
  readonly view: string;
  /** Of a rule on several features, their names separated by commas. */
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
  const columns = new Map(features.flatMap((one) => (one.kind === 'column' ? [[one.name, one.column] as const] : [])));
  return (rule) => {
    if (rule.level !== 'row' || columnsOf(rule).some((feature) => !columns.has(feature))) return [];
    const onSource = renameColumns(rule, (feature) => columns.get(feature)!);
    return [{ view: name, feature: judgedColumns(rule).join(', '), rule: onSource }];
  };
}
