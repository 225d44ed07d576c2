/** The text format of Prometheus, version 0.0.4. */

export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

export interface MetricFamily {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly samples: readonly MetricSample[];
}

export interface MetricSample {
  /** After the family's name: `_bucket`, `_sum` or `_count` of a histogram. */
  readonly suffix?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A family without samples is left out. `shared` labels stand on every line. */
export function formatMetrics(
  families: readonly MetricFamily[],
  shared: Readonly<Record<string, string>> = {},
): string {
  return families
    .filter(({ samples }) => samples.length > 0)
    .map(({ name, help, type, samples }) =>
      [
        `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}`,
        `# TYPE ${name} ${type}`,
        ...samples.map(
          ({ suffix = '', labels = {}, value }) => `${name}${suffix}${formatLabels({ ...labels, ...shared })} ${value}`,
        ),
        '',
      ].join('\n'),
    )
    .join('');
}

export function gauge(name: string, help: string, ...samples: readonly MetricSample[]): MetricFamily {
  return { name, help, type: 'gauge', samples };
}

function formatLabels(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeValue(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escapeValue(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

/** Durations in seconds, counted up to each bound, for each set of labels. */
export class DurationHistogram {
  readonly #bounds: readonly number[];
  readonly #series = new Map<string, { labels: Readonly<Record<string, string>>; counts: number[]; sum: number }>();

  /** `bounds` ascend; what lies above the last is in `+Inf` alone. */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
  }

  /** The names of the labels are the same each time. */
  observe(labels: Readonly<Record<string, string>>, seconds: number): void {
    const key = Object.values(labels).join('\n');
    let series = this.#series.get(key);
    if (series === undefined) {
      series = { labels, counts: new Array<number>(this.#bounds.length + 1).fill(0), sum: 0 };
      this.#series.set(key, series);
    }
    const place = this.#bounds.findIndex((bound) => seconds <= bound);
    series.counts[place < 0 ? this.#bounds.length : place]! += 1;
    series.sum += seconds;
  }

  samples(): readonly MetricSample[] {
    return [...this.#series.values()].flatMap(({ labels, counts, sum }) => {
      let total = 0;
      const buckets = counts.map((count, place) => {
        const le = place < this.#bounds.length ? String(this.#bounds[place]) : '+Inf';
        total += count;
        return { suffix: '_bucket', labels: { ...labels, le }, value: total };
      });
      return [...buckets, { suffix: '_sum', labels, value: sum }, { suffix: '_count', labels, value: total }];
    });
  }
}
