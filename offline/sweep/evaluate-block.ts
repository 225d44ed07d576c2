/** All features of a sweep for a piece of the requests, over the block that holds the events of their keys. */
import { setImmediate } from 'node:timers/promises';
import type { WindowManifest } from '../../contracts/manifest.ts';
import type { AppendColumn, EngineValue } from '../../engine/engine.ts';
import { readTimes } from './block-times.ts';
import { evaluateFeature } from './evaluate-feature.ts';
import { evaluateLeaks } from './evaluate-leaks.ts';
import type { EventBlock } from './event-block.ts';
import { firstRowsFrom, matchKeys } from './key-ranges.ts';
import type { RequestBlock } from './request-block.ts';
import { ResultColumn } from './result-column.ts';
import { rowChanges } from './row-changes.ts';
import { filterGroup, wholeGroup, type RowGroup } from './row-group.ts';
import { endingRows, lateRows } from './row-lives.ts';
import { lastSpans, spansFrom, type Spans } from './spans.ts';
import type { SweepPlan } from './sweep-plan.ts';

/**
 * The columns of the result table: `__row`, the features, and when the source has `created`, whether each leaks. Gives other
 * work a turn between features.
 */
export async function evaluateBlock(
  block: EventBlock,
  requests: RequestBlock,
  plan: SweepPlan,
): Promise<readonly AppendColumn[]> {
  const windows = plan.groups.flatMap((group) => group.windows.map(({ window }) => window));
  const durations = windows.filter((window) => window.kind === 'duration');
  const times = readTimes(block, requests, plan.delayMicros, durations);
  const ranges = matchKeys(block, requests);
  const late = lateRows(times, ranges);
  const changes = rowChanges(block.rows, requests.count, {
    begin: plan.asKnown ? late : undefined,
    end: endingRows(times, ranges),
  });
  const whole = wholeGroup(Int32Array.from(block.begins), block.inputs, times.created, changes);
  const ends = firstRowsFrom(ranges, times.entry, times.at);

  const spansOf = (group: RowGroup, window: WindowManifest): Spans => {
    const begins = group.placesOf(ranges.begin);
    switch (window.kind) {
      case 'all':
        return spansFrom(begins, begins, group.placesOf(ends));
      case 'last':
        return lastSpans(window.count, begins, group.placesOf(ends), group.changes);
      case 'duration': {
        const firsts = firstRowsFrom(ranges, times.event, times.lowers[durations.indexOf(window)]!);
        return spansFrom(begins, group.placesOf(firsts), group.placesOf(ends));
      }
    }
  };
  const leaksOf = (group: RowGroup, spans: Spans): readonly EngineValue[] =>
    late && !plan.asKnown ? evaluateLeaks(group, spans, times.at) : new Array<EngineValue>(requests.count).fill(false);

  const results = plan.features.map(({ type }) => new ResultColumn(type, requests.count));
  const leaks: (readonly EngineValue[])[] = [];
  let filters = 0;
  for (const { filter, windows: members } of plan.groups) {
    const group = filter.length === 0 ? whole : filterGroup(whole, block.filters[filters++]!);
    for (const { window, features } of members) {
      const spans = spansOf(group, window);
      const leaking = plan.hasCreated ? leaksOf(group, spans) : undefined;
      for (const feature of features) {
        evaluateFeature(feature, plan, group, spans, results[feature.position]!);
        if (leaking) leaks[feature.position] = leaking;
        await setImmediate();
      }
    }
  }
  const answers = results.map((result) => result.finish());
  return [{ values: requests.row }, ...answers, ...leaks.map((values) => ({ values }))];
}
