/** Reads of a soak: each answer is held against the oracle, and each failure is counted, before and after the client's retry. */
import type { HttpClient, Outcome } from './http-client.ts';
import type { KnownValues } from './known-values.ts';

const PATH = '/v1/online-features';
const FEATURES = ['last_purchase:items', 'last_purchase:amount'];
/** How long Redis may be away before values are UNAVAILABLE: as long as a client would rather wait than have none. */
const HEADERS = { 'asof-deadline': '2s' };
/** Of the wrong answers, so many are told. */
const MOST_TOLD = 20;

export interface CheckedReads {
  /** One read: its failure, if it fails, is counted. */
  read(keys: readonly number[]): Promise<void>;
  readonly requests: number;
  /** Reads whose first try failed, by what failed. */
  readonly failed: ReadonlyMap<string, number>;
  /** Reads that failed although the client tried again where it does. */
  readonly lost: ReadonlyMap<string, number>;
  readonly wrong: number;
  /** The first of the wrong ones. */
  readonly examples: readonly string[];
}

/**
 * The client's policy: a read may take two seconds, whatever it waits for; a connection that breaks before the answer is followed by one more try, at once, on a new connection. What
 * the server has answered is never asked again, 503 and `UNAVAILABLE` values included.
 */
export function openCheckedReads(client: HttpClient, known: KnownValues): CheckedReads {
  const failed = new Map<string, number>();
  const lost = new Map<string, number>();
  const examples: string[] = [];
  const counts = { requests: 0, wrong: 0 };
  const fail = (problem: string): undefined => {
    counts.wrong += 1;
    if (examples.length < MOST_TOLD) examples.push(problem);
  };
  return {
    async read(keys) {
      counts.requests += 1;
      const least = keys.map((key) => known.least(key));
      const body = JSON.stringify({ features: FEATURES, entities: { user_id: keys } });
      const judge = (outcome: Outcome): string | undefined => judgeOutcome(known, keys, least, outcome, fail);
      const first = await client.post(PATH, body, HEADERS);
      const problem = judge(first);
      if (problem === undefined) return;
      count(failed, problem);
      const left = first.kind === 'broken' ? judge(await client.postApart(PATH, body, HEADERS)) : problem;
      if (left !== undefined) count(lost, left);
    },
    failed,
    lost,
    examples,
    get requests() {
      return counts.requests;
    },
    get wrong() {
      return counts.wrong;
    },
  };
}

interface Document {
  readonly results: readonly { readonly values: readonly unknown[]; readonly statuses: readonly string[] }[];
}

/** What failed; undefined for an answer with values, whatever they are: wrong ones are told to `fail`. */
function judgeOutcome(
  known: KnownValues,
  keys: readonly number[],
  least: readonly number[],
  outcome: Outcome,
  fail: (problem: string) => undefined,
): string | undefined {
  if (outcome.kind === 'broken') return `connection: ${outcome.problem}`;
  if (outcome.status >= 500) return `status ${outcome.status}`;
  if (outcome.status !== 200) return fail(`status ${outcome.status}: ${outcome.body}`);
  const [, items, amounts] = (JSON.parse(outcome.body) as Document).results;
  if ([items!, amounts!].some(({ statuses }) => statuses.includes('UNAVAILABLE'))) return 'UNAVAILABLE';
  keys.forEach((key, index) => {
    const row = { items: items!.values[index] as number, amount: amounts!.values[index] as number };
    const statuses = [items!.statuses[index], amounts!.statuses[index]];
    const problem = statuses.some((status) => status !== 'PRESENT')
      ? `key ${key}: ${statuses.join(', ')}`
      : known.check(key, least[index]!, row);
    if (problem !== undefined) fail(problem);
  });
  return undefined;
}

function count(counts: Map<string, number>, what: string): void {
  counts.set(what, (counts.get(what) ?? 0) + 1);
}
