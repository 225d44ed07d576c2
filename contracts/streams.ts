/** Streams: the input and result of `runStream`, and how one stands. Plain JSON, offsets as decimal text. */

export interface RunStreamInput {
  readonly project: string;
  readonly view: string;
  /** Members of the view's group of consumers; default 1. More than the topic has partitions have nothing to do. */
  readonly consumers?: number;
  /** The most messages that change values in one step; default 1000. */
  readonly batchSize?: number;
  /** How often the topic's messages are landed in the lake, a duration; default `1m`. */
  readonly landEvery?: string;
}

export interface PartitionReport {
  readonly partition: number;
  /** Offset of the first message that is not in the values. */
  readonly next: string;
  /** Messages from there to the end of the partition. */
  readonly lag: string;
}

/** What consumers have done, and where they stand. */
export interface StreamReport {
  /** By partition. */
  readonly partitions: readonly PartitionReport[];
  /** Rows that changed values, or came too late to. */
  readonly applied: number;
  /** Of them, rows that came too late for the online values: they wait in the lake. */
  readonly late: number;
  /** Messages that are no rows: the lake keeps them in quarantine, with the reason. */
  readonly rejected: number;
  /** Messages that retention took before they were read. */
  readonly lost: string;
  /** ISO 8601; null before the first row. */
  readonly newestEvent: string | null;
  /** Why a consumer waits; null while all of them work. */
  readonly problem: string | null;
}

export interface StreamStatus extends StreamReport {
  /** `plan`, `land`, `materialize`, `consume`, `stopping` or `done`. */
  readonly step: string;
  /** How many there should be. */
  readonly consumers: number;
  /** Of the version that is consumed; null before it is known. */
  readonly fingerprint: string | null;
  /** How often values were lost by Redis and made anew. */
  readonly rebuilt: number;
  /** How many times the topic was landed in the lake, and why the last time failed. */
  readonly landed: number;
  readonly landingProblem: string | null;
  /** The part of consumers that have ended; those at work have told the rest. */
  readonly ended: StreamReport;
}

export interface RunStreamResult extends Omit<StreamReport, 'partitions' | 'problem'> {
  readonly view: string;
  /** Null for a stream that ended before it knew its version. */
  readonly fingerprint: string | null;
  readonly rebuilt: number;
  readonly landed: number;
}

export const NOTHING_STREAMED: StreamReport = {
  partitions: [],
  applied: 0,
  late: 0,
  rejected: 0,
  lost: '0',
  newestEvent: null,
  problem: null,
};

/** Counts added up, partitions side by side: where two consumers tell of one, the one that is further counts. */
export function addReports(reports: readonly StreamReport[]): StreamReport {
  const partitions = new Map<number, PartitionReport>();
  for (const one of reports.flatMap((report) => report.partitions)) {
    const known = partitions.get(one.partition);
    if (known === undefined || BigInt(one.next) > BigInt(known.next)) partitions.set(one.partition, one);
  }
  const sum = (count: (report: StreamReport) => number): number => reports.reduce((n, report) => n + count(report), 0);
  const instants = reports.flatMap(({ newestEvent }) => newestEvent ?? []).sort();
  return {
    partitions: [...partitions.values()].sort((a, b) => a.partition - b.partition),
    applied: sum(({ applied }) => applied),
    late: sum(({ late }) => late),
    rejected: sum(({ rejected }) => rejected),
    lost: reports.reduce((n, { lost }) => n + BigInt(lost), 0n).toString(),
    newestEvent: instants.at(-1) ?? null,
    problem: reports.find(({ problem }) => problem !== null)?.problem ?? null,
  };
}
