import type { RunInputs } from '../contracts/run-inputs.ts';
import { SEARCH_ATTRIBUTES, type WorkflowName } from '../contracts/run-messages.ts';
import type { ScheduledWork } from '../contracts/schedules.ts';

/** What the Temporal UI shows of a run before it has done anything. */
export interface RunLabels {
  /** One line for the list of workflows, at most 200 bytes. */
  readonly staticSummary: string;
  /** Markdown for the run's page. */
  readonly staticDetails: string;
  readonly typedSearchAttributes: { key: (typeof SEARCH_ATTRIBUTES)[keyof typeof SEARCH_ATTRIBUTES]; value: string }[];
}

const SUMMARY_LIMIT = 180;

export function labelRun<W extends WorkflowName>(workflow: W, input: RunInputs[W]): RunLabels {
  const { view, dataset, text } = describeInput(workflow, input);
  return {
    staticSummary: cut(text),
    staticDetails: showInput(input),
    typedSearchAttributes: attributesOf({ project: input.project, view, dataset }),
  };
}

function cut(text: string): string {
  return text.length > SUMMARY_LIMIT ? `${text.slice(0, SUMMARY_LIMIT)} …` : text;
}

function showInput(input: object): string {
  return `\`\`\`json\n${JSON.stringify(input, null, 2).slice(0, 4000)}\n\`\`\``;
}

function attributesOf(
  values: Readonly<Record<keyof typeof SEARCH_ATTRIBUTES, string | undefined>>,
): RunLabels['typedSearchAttributes'] {
  return (['project', 'view', 'dataset'] as const).flatMap((name) => {
    const value = values[name];
    return value === undefined ? [] : [{ key: SEARCH_ATTRIBUTES[name], value }];
  });
}

/** The same for every run that a schedule starts; `text` and `rule` say what it does and when. */
export function labelScheduled({ workflow, input }: ScheduledWork, text: string, rule: string): RunLabels {
  const only = workflow === 'materialize' && input.views.length === 1 ? input.views[0] : undefined;
  const view = workflow === 'backfill' || workflow === 'runStream' ? input.view : only;
  const dataset = workflow === 'buildTrainingDataset' ? input.name : undefined;
  return {
    staticSummary: cut(`Scheduled: ${text}`),
    staticDetails: `Started by a schedule: ${rule}\n\n${showInput(input)}`,
    typedSearchAttributes: attributesOf({ project: input.project, view, dataset }),
  };
}

interface InputDescription {
  readonly text: string;
  readonly view?: string | undefined;
  readonly dataset?: string | undefined;
}

function describeInput<W extends WorkflowName>(workflow: W, input: RunInputs[W]): InputDescription {
  switch (workflow) {
    case 'ingest': {
      const { source, from, to } = input as RunInputs['ingest'];
      const bounds = `${from === undefined ? '' : ` from ${from}`}${to === undefined ? '' : ` to ${to}`}`;
      return { text: `Ingest ${source}${bounds}` };
    }
    case 'backfill': {
      const { view, from, to, restate } = input as RunInputs['backfill'];
      return { text: `${restate ? 'Restate' : 'Backfill'} ${view} from ${from} to ${to}`, view };
    }
    case 'materialize': {
      const { views, to, rebuild } = input as RunInputs['materialize'];
      const text = `${rebuild ? 'Rebuild' : 'Materialize'} ${views.join(', ')}${to === undefined ? '' : ` as of ${to}`}`;
      return { text, view: views.length === 1 ? views[0] : undefined };
    }
    case 'maintain': {
      const { project } = input as RunInputs['maintain'];
      return { text: `Maintain the lake of ${project}` };
    }
    case 'runStream': {
      const { view } = input as RunInputs['runStream'];
      return { text: `Stream ${view}`, view };
    }
    case 'monitorFreshness': {
      const { project } = input;
      return { text: `Look at the freshness of ${project}` };
    }
    case 'checkConsistency': {
      const { project } = input;
      return { text: `Check served values of ${project} against the lake` };
    }
    case 'buildTrainingDataset': {
      const { name, features, service, spine, rebuild } = input as RunInputs['buildTrainingDataset'];
      if (rebuild !== undefined) return { text: `Build dataset ${name} once more from ${rebuild}`, dataset: name };
      const what = service ?? `${features?.length ?? 0} features`;
      return { text: `Build dataset ${name}: ${what} for ${describeSpine(spine)}`, dataset: name };
    }
  }
}

function describeSpine(spine: RunInputs['buildTrainingDataset']['spine']): string {
  if (spine === undefined || typeof spine === 'string') return spine ?? '';
  // a list shows it to everybody, and a query may name people
  if ('query' in spine) return 'the rows of a query';
  return `${spine.entities ?? 'all keys'} from ${spine.from} to ${spine.to}`;
}
