/** All features of a sweep for a piece of the requests, over the block that holds the events of their keys. */
import { setImmediate } from 'node:timers/promises';
import type { AppendColumn, EngineValue } from '../../engine/engine.ts';
import { readTimes } from './block-times.ts';
import { evaluateFeature } from './evaluate-feature.ts';
import { evaluateLeaks } from './evaluate-leaks.ts';
import type { EventBlock } from './event-block.ts';
import { firstRowsFrom, matchKeys } from './key-ranges.ts';
import { findLateRows } from './late-rows.ts';
import type { RequestBlock } from './request-block.ts';
import { ResultColumn } from './result-column.ts';
import { filterGroup, wholeGroup, type RowGroup } from './row-group.ts';
import { lastSpans, spansFrom, type Spans } from './spans.ts';
import type { SweepPlan, SweepWindow } from './sweep-plan.ts';

/** The columns of the result table. Gives other work a turn between features. */
export async function evaluateBlock(
  block: EventBlock,
  requests: RequestBlock,
  plan: SweepPlan,
): Promise<readonly AppendColumn[]> {
  const windows = plan.groups.flatMap((group) => group.windows);
  const durations = windows.map(({ window }) => window).filter((window) => window.kind === 'duration');
  const times = readTimes(block, requests, plan.delayMicros, durations);
  const ranges = matchKeys(block, requests);
  const late = findLateRows(times, ranges);
  const whole = wholeGroup(block.rows, block.inputs, times.created, plan.asKnown ? late : undefined);
  const ends = firstRowsFrom(ranges, times.entry, times.at);
  const results = plan.features.map(({ type }) => new ResultColumn(type, requests.count));
  const leaks: (readonly EngineValue[])[] = [];
  let filters = 0;
  for (const { filter, windows: members } of plan.groups) {
    const group = filter.length === 0 ? whole : filterGroup(whole, block.filters[filters++]!);
    const groupEnds = group.placesOf(ends);
    for (const member of members) {
      const spans = spansOf(member, group, groupEnds);
      const leaking = plan.hasCreated
        ? evaluateLeaks(group, spans, times, late !== undefined && !plan.asKnown)
        : new Array<EngineValue>(requests.count).fill(null);
      for (const feature of member.features) {
        evaluateFeature(feature, plan, group, spans, results[feature.position]!);
        leaks[feature.position] = leaking;
        await setImmediate();
      }
    }
  }
  return [
    { values: requests.row },
    ...results.map((result) => result.finish()),
    ...leaks.map((values) => ({ values })),
  ];

  function spansOf({ window }: SweepWindow, group: RowGroup, groupEnds: Int32Array): Spans {
    const begins = group.placesOf(ranges.begin);
    switch (window.kind) {
      case 'all':
        return spansFrom(begins, groupEnds);
      case 'last':
        return lastSpans(window.count, begins, groupEnds, group.late);
      case 'duration': {
        const firsts = firstRowsFrom(ranges, times.event, times.lowers[durations.indexOf(window)]!);
        return spansFrom(group.placesOf(firsts), groupEnds);
      }
    }
  }
}
