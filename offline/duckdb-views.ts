import { openViewEvents, type EventDependencies } from './view-events.ts';
import type { ViewEngine } from './view-engine.ts';
import { computeViewFeatures } from './view-features.ts';

/** Views by DuckDB, in the session itself. */
export function createDuckdbViews(dependencies: EventDependencies): ViewEngine {
  return {
    async computeView(session, { project, planned, runtime, snapshot, range, ...request }) {
      const { view, source, base } = planned;
      const input = { project, view, source, base, snapshot, range };
      const events = await openViewEvents(dependencies, input, { session, runtime });
      await computeViewFeatures(session, { ...request, planned, events });
    },
  };
}
