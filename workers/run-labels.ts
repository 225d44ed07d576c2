import type { RunInputs } from '../contracts/run-inputs.ts';
import { SEARCH_ATTRIBUTES, type WorkflowName } from '../contracts/run-messages.ts';

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
  const attributes = { project: input.project, view, dataset };
  return {
    staticSummary: text.length > SUMMARY_LIMIT ? `${text.slice(0, SUMMARY_LIMIT)} …` : text,
    staticDetails: `\`\`\`json\n${JSON.stringify(input, null, 2).slice(0, 4000)}\n\`\`\``,
    typedSearchAttributes: (['project', 'view', 'dataset'] as const).flatMap((name) => {
      const value = attributes[name];
      return value === undefined ? [] : [{ key: SEARCH_ATTRIBUTES[name], value }];
    }),
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
      const { views, to } = input as RunInputs['materialize'];
      const text = `Materialize ${views.join(', ')}${to === undefined ? '' : ` as of ${to}`}`;
      return { text, view: views.length === 1 ? views[0] : undefined };
    }
    case 'maintain': {
      const { project } = input as RunInputs['maintain'];
      return { text: `Maintain the lake of ${project}` };
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
  if ('query' in spine) return spine.query;
  return `${spine.entities ?? 'all keys'} from ${spine.from} to ${spine.to}`;
}
