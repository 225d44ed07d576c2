/**
 * The vectors of services that are published as events come: `{ entity_key, features, timestamp }`, keyed by the entity, as they
 * are right after the event, the event itself included.
 */
import type { Manifest, PublishingManifest } from '../contracts/manifest.ts';
import type { DefinitionRuntime, FeaturePlan } from '../contracts/plan.ts';
import { formatInstant, type Micros } from '../contracts/time.ts';
import type { JsonValue } from '../contracts/values.ts';
import { resolveFeatures } from '../definitions/resolution.ts';
import { computeDerived, type AnswersByView } from '../online/derived-cells.ts';
import { placesOf } from '../online/entity-answer.ts';
import type { EntityKey } from '../online/entity-key.ts';
import type { OutgoingMessage } from '../online/stream-outbox.ts';
import type { Announcement } from '../online/stream-writer.ts';
import { formatJsonValue } from '../online/value-json.ts';
import { viewReader } from '../online/view-reader.ts';
import { toTypeScript } from '../offline/typescript-values.ts';
import type { StreamedView } from './event-rows.ts';

interface Publication extends PublishingManifest {
  readonly service: string;
  /** Of one view with windows, and derived views of it alone. */
  readonly plan: FeaturePlan;
}

/** What a stream of the view publishes. */
export function publicationsOf(manifest: Manifest, view: string): readonly Publication[] {
  return manifest.services.flatMap(({ name, publish }) => {
    if (publish === undefined) return [];
    const plan = resolveFeatures(manifest, { service: name });
    return plan.views.some((planned) => planned.view.name === view) ? [{ ...publish, service: name, plan }] : [];
  });
}

/** What is said of a row of the view. Throws `INVALID_VALUE` for a derived view whose function does. */
export function createDescriber(
  { view, source }: Pick<StreamedView, 'view' | 'source'>,
  publications: readonly Publication[],
  runtime: DefinitionRuntime,
): Announcement['describe'] {
  return ({ offset, entity }, state, partition) => {
    const [key, text] = entityKey(view.keys, entity!);
    const from = `${source.topic}/${partition}/${offset}`;
    return publications.map(({ service, topic, plan }): OutgoingMessage => {
      const { at, features } = vectorOf(plan, runtime, state);
      const value = JSON.stringify({ entity_key: key, features, timestamp: formatInstant(at) });
      return { topic, key: text, value, headers: { 'asof-service': service, 'asof-source': from } };
    });
  };
}

/** At the newest event of the key, which may be later than the row: then the row is among what the windows hold. */
function vectorOf(
  plan: FeaturePlan,
  runtime: DefinitionRuntime,
  state: Uint8Array,
): { readonly at: Micros; readonly features: Readonly<Record<string, JsonValue>> } {
  const [planned] = plan.views;
  const { event, answer } = viewReader(planned!).newest(state, planned!.features);
  const views: AnswersByView = new Map([[planned!.as, { answers: [answer], places: placesOf(planned!.features) }]]);
  computeDerived(plan, { runtime }, { entities: 1, keys: new Map(), request: new Map() }, event, views);
  const features = plan.columns.map(({ as, feature }) => {
    const { answers, places } = views.get(as)!;
    return [feature.name, formatJsonValue(answers[0]!.values[places.get(feature.name)!]!)] as const;
  });
  return { at: event, features: Object.fromEntries(features) };
}

/** A key of one part is its value, one of several an object; and the text of it that messages are keyed by. */
function entityKey(
  keys: StreamedView['view']['keys'],
  entity: EntityKey,
): readonly [key: JsonValue | Readonly<Record<string, JsonValue>>, text: string] {
  const parts = keys.map(({ name, type }, index) => {
    return [name, formatJsonValue(toTypeScript(entity[index]!, type, false))] as const;
  });
  if (parts.length === 1) return [parts[0]![1], String(parts[0]![1])];
  const object = Object.fromEntries(parts);
  return [object, JSON.stringify(object)];
}
