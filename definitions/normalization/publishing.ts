/** Services whose vectors are published: what they must be, so that a stream can compute them by itself. */
import type { Manifest, PublishingManifest, ServiceManifest } from '../../contracts/manifest.ts';
import { planInputs } from '../resolution/inputs.ts';
import { whyNotStreamed } from '../streamable-view.ts';
import { OptionReader, show } from './option-reader.ts';
import type { Place } from './problems.ts';

const TOPIC = /^[A-Za-z0-9._-]{1,249}$/;

export function normalizePublishing(service: OptionReader): PublishingManifest | undefined {
  if (service.get('publish') === undefined) return undefined;
  const options = new OptionReader(service.record('publish'), service.place.in('publish'), ['topic']);
  const topic = options.text('topic');
  if (topic !== null && TOPIC.test(topic)) return { topic };
  options.place.in('topic').report(`${show(topic)} is not the name of a topic`, "write publish: { topic: 'name' }");
  return undefined;
}

/** One streamed view with windows, and what is computed of it alone. */
export function checkPublishing(manifest: Manifest, { features, publish }: ServiceManifest, service: Place): void {
  if (publish === undefined) return;
  const place = service.in('publish');
  const { views, derived } = planInputs(manifest, features);
  const [first, ...others] = views;
  if (first === undefined || others.length > 0) {
    const found = views.length === 0 ? 'no view' : `views ${views.map(({ as }) => as).join(', ')}`;
    place.report(`the service reads ${found}`, 'an event changes one view: publish the features of one');
    return;
  }
  const { view, source, base = source } = first;
  const problem = whyNotStreamed(view, base);
  if (problem !== undefined) place.report(`view ${view.name} cannot be streamed`, `it ${problem}`);
  if (view.mode !== 'aggregate') {
    place.report(`view ${view.name} has columns of the newest row`, 'read the topic itself, or give it windows');
  }
  if (base.kind === 'kafka' && base.topic === publish.topic) {
    place.report(`topic ${publish.topic} is the one that view ${view.name} reads`, 'publish to another one');
  }
  const waiting = first.features.find(({ transform }) => transform?.fitted === false);
  if (waiting !== undefined) {
    place.report(
      `feature ${waiting.name} has a transform that is fitted later`,
      'give its parameters, or leave it out',
    );
  }
  const request = derived.find(({ inputs }) => inputs.some(({ kind }) => kind === 'request'));
  if (request !== undefined) {
    place.report(`derived view ${request.as} needs values of a request`, 'let it compute from the view alone');
  }
  const names = features.flatMap(
    (one) => one.features ?? manifest.views.find(({ name }) => name === one.view)!.features.map(({ name }) => name),
  );
  const twin = names.find((name, index) => names.indexOf(name) !== index);
  if (twin !== undefined) place.report(`two features are called ${twin}`, 'messages have no prefixes: rename one');
}
