import { CancellationScope, log } from '@temporalio/workflow';
import type { HoldStreamInput, StreamHoldActivities } from '../activities/stream-hold-activities.ts';
import { shortActivities } from './activity-options.ts';
import { describeFailure } from './run-failure.ts';
import { landTopic } from './topic-landing.ts';

/** A hold runs out after a while: a landing that took longer is made up for, and the second one is short. */
const MOST_ROUNDS = 3;

/**
 * Writes the values of a view of the topic `source`. Where a stream has brought rows, it is held still, the topic is landed up to
 * where it stands, and the values are written as of then, whatever `to` says: the stream goes on from the snapshot, and what
 * was not due would be in neither.
 */
export async function writeBehindStream<R>(
  streamed: HoldStreamInput,
  source: string,
  to: string,
  write: (to: string) => Promise<R>,
): Promise<R> {
  const { project, view } = streamed;
  for (let round = 1; ; round += 1) {
    const { held } = await shortActivities<StreamHoldActivities>(`hold the stream of ${view}`).holdStream(streamed);
    if (!held) return write(to);
    try {
      await landTopic(project, source);
      return await write(new Date(Date.now()).toISOString());
    } catch (error) {
      await release(streamed);
      if (round === MOST_ROUNDS || describeFailure(error, view).code !== 'CONFLICT') throw error;
    }
  }
}

/** One that cannot be let go goes on by itself when the hold runs out. */
async function release(streamed: HoldStreamInput): Promise<void> {
  try {
    await CancellationScope.nonCancellable(() =>
      shortActivities<StreamHoldActivities>(`let the stream of ${streamed.view} go on`).releaseStream(streamed),
    );
  } catch (error) {
    log.warn('a stream stays held until its hold runs out', { view: streamed.view, error });
  }
}
