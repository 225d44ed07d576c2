import { AsofError } from '../../../contracts/errors.ts';
import { formatInstant } from '../../../contracts/time.ts';
import {
  openQuarantine,
  readQuarantined,
  type QuarantinedRow,
  type QuarantineStatus,
} from '../../../ingestion/quarantined-rows.ts';
import { parseCount } from '../../arguments.ts';
import type { Register } from '../../main.ts';
import { withOfflineStores } from '../../offline-stores.ts';
import { requireApplied } from '../../project.ts';
import { addChoice, chosenRows, requireSourceName, type ChosenRowsOptions } from './chosen-rows.ts';

const LIMIT = 20;
const STATUSES: readonly QuarantineStatus[] = ['open', 'replayed', 'dropped', 'replaced'];

interface ShowOptions extends ChosenRowsOptions {
  readonly status: string;
  readonly limit?: string;
}

export const registerShow: Register = (quarantine, run) => {
  addChoice(
    quarantine
      .command('show')
      .description('rows that were set aside, as they stood in their input')
      .argument('<source>'),
  )
    .option('--status <status>', `${STATUSES.join(', ')} or all`, 'open')
    .option('--limit <n>', `at most so many (default: ${LIMIT})`)
    .action((name: string, options: ShowOptions) =>
      run((context) =>
        withOfflineStores(context, async ({ settings: { project }, catalog, lake, engine }) => {
          const limit = options.limit === undefined ? LIMIT : parseCount(options.limit, '--limit');
          const filter = { ...chosenRows(options), ...statusOf(options.status) };
          const { manifest } = await requireApplied(catalog, project);
          const source = requireSourceName(manifest, name);
          const rows = await engine.session(async (session) => {
            const relation = await openQuarantine({ catalog, lake }, session, { project, name: source });
            return relation === undefined ? [] : readQuarantined(session, relation, filter, limit);
          });
          const lines = rows.length === 0 ? ['No such row.'] : rows.flatMap(draw);
          context.terminal.result({ source, rows: rows.map(documentOf) }, lines);
        }),
      ),
    );
};

function statusOf(text: string): { readonly status?: QuarantineStatus } {
  if (text === 'all') return {};
  const status = STATUSES.find((one) => one === text);
  if (status !== undefined) return { status };
  throw new AsofError('USAGE', { problem: `--status must be ${STATUSES.join(', ')} or all, not ${text}` });
}

function documentOf({ id, status, raw, input, row, rules, event, firstSeen, run }: QuarantinedRow) {
  return {
    ...{ id: id.toString(), status, input, row: row.toString(), rules },
    event: event === null ? null : formatInstant(event),
    ...{ first_seen: formatInstant(firstSeen), run, raw },
  };
}

function draw({ id, status, raw, input, row, rules, firstSeen }: QuarantinedRow): readonly string[] {
  return [
    `${id}  ${status}  ${input}, row ${row}, first seen ${formatInstant(firstSeen)}`,
    ...rules.map((rule) => `    ${rule}`),
    `    ${raw ?? 'a message without a value'}`,
  ];
}
