/**
 * Records the histories of all scenarios from the workflows as they are now:
 *
 *     npx tsx test/replay/record.ts <version> [scenario…]
 *
 * A change that replays against the old recordings needs no new ones. One that does not is either guarded by `patched`,
 * and recorded beside the old under the new version, or it breaks runs that are under way.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { withComponents } from '../../stack/with-components.ts';
import { settingsFor } from '../support/settings.ts';
import { connectOrchestra } from '../workflow/orchestra.ts';
import { SCENARIOS } from './scenarios.ts';

const DIRECTORY = path.join(import.meta.dirname, 'histories');

/** All scenarios, unless some are named. */
async function record(version: string, names: readonly string[]): Promise<void> {
  const state = mkdtempSync(path.join(tmpdir(), 'asof-record-'));
  mkdirSync(DIRECTORY, { recursive: true });
  await withComponents(settingsFor(state), ['temporal'], async ({ temporal }) => {
    const orchestra = await connectOrchestra(temporal.address ?? '', temporal.namespace);
    for (const scenario of SCENARIOS) {
      if (names.length > 0 && !names.includes(scenario.name)) continue;
      const run = await orchestra.perform(scenario.activities, () => scenario.play(orchestra));
      const history = await orchestra.client.workflow.getHandle(run.workflowId, run.id).fetchHistory();
      const file = `${scenario.name}-${version}.json`;
      writeFileSync(path.join(DIRECTORY, file), `${withoutMachine(historyToJSON(history))}\n`);
      console.log(`${file}: ${history.events?.length ?? 0} events`);
    }
    await orchestra.close();
  });
  rmSync(state, { recursive: true, force: true });
}

/** Stack traces and worker names are of the machine that recorded; replay reads neither. */
function withoutMachine(history: string): string {
  const machine = new Set(['stackTrace', 'identity']);
  const read = JSON.parse(history) as { readonly events: readonly unknown[] };
  return JSON.stringify(
    read,
    (key, value: unknown) => (machine.has(key) && typeof value === 'string' ? '' : value),
    // a long one is for machines alone
    read.events.length > 200 ? 0 : 1,
  );
}

const [version, ...names] = process.argv.slice(2);
if (version === undefined || !/^\d+\.\d+\.\d+$/.test(version)) {
  console.error('usage: npx tsx test/replay/record.ts <version of the package, such as 0.1.0> [scenario…]');
  process.exitCode = 2;
} else {
  await record(version, names);
}
