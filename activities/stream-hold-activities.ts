import { holdStream, releaseStream, type StreamedVersion } from '../online/stream-hold.ts';
import { requireFeatureView } from './applied-view.ts';
import type { StreamDependencies } from './dependencies.ts';

export interface HoldStreamInput {
  readonly project: string;
  readonly definitions: string;
  readonly view: string;
}

/** Short: on the serving queue. */
export interface StreamHoldActivities {
  /** Holds the view's streams still for at most ten minutes; `held` is false when none has written to its values. */
  holdStream(input: HoldStreamInput): Promise<{ readonly held: boolean }>;
  releaseStream(input: HoldStreamInput): Promise<void>;
}

/** Long enough for a landing; a run that dies leaves no stream standing for longer. */
const HOLD_MILLIS = 600_000;

export function createStreamHoldActivities({
  definitions,
  redis,
}: Pick<StreamDependencies, 'definitions' | 'redis'>): StreamHoldActivities {
  const versionOf = async ({ project, definitions: at, view }: HoldStreamInput): Promise<StreamedVersion> => {
    const { manifest } = await definitions.at(project, at);
    return { project, view, fingerprint: requireFeatureView(manifest, view).fingerprint };
  };
  return {
    holdStream: async (input) => ({ held: await holdStream(redis, await versionOf(input), HOLD_MILLIS) }),
    releaseStream: async (input) => releaseStream(redis, await versionOf(input)),
  };
}
