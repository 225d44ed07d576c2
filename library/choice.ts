import { AsofError } from '../contracts/errors.ts';
import type { FeatureRequest } from '../contracts/plan.ts';
import type { FeatureViewDefinition } from '../definitions/language/definition.ts';
import { isDefinition } from '../definitions/normalization/definition-set.ts';
import type { Choice } from './store.ts';

/** The names that a choice stands for. Throws `INVALID_VALUE` for what has no features. */
export function requestOf({ features, service }: Choice): FeatureRequest {
  return {
    ...(features !== undefined && { features: features.flatMap(namesOf) }),
    ...(service !== undefined && { service: typeof service === 'string' ? service : service.name }),
  };
}

export function viewName(view: string | FeatureViewDefinition): string {
  return typeof view === 'string' ? view : view.name;
}

function namesOf(feature: unknown): readonly string[] {
  if (typeof feature === 'string') return [feature];
  if (isDefinition(feature)) {
    switch (feature.definition) {
      case 'featureView':
      case 'derivedView':
      case 'alias':
        return [feature.name];
      case 'selection':
        return feature.features.map((name) => `${feature.of.name}:${name}`);
      case 'entity':
      case 'source':
      case 'service':
    }
  }
  throw new AsofError('INVALID_VALUE', {
    where: 'features',
    problem: "each is a name such as 'view:feature', or a view, an alias or a pick of it",
  });
}
