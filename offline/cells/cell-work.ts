/** All measures of a sweep by cells, group by group, and the answers from them. */
import type { ColumnBatch, EngineValue } from '../../engine/engine.ts';
import type { DurationWindow } from '../sweep/block-times.ts';
import type { ResultColumn } from '../sweep/result-column.ts';
import type { SweepFeature, SweepGroup, SweepPlan } from '../sweep/sweep-plan.ts';
import { TileBatch } from '../tiles/tile-batch.ts';
import { answerFromCells, leaksFromCells } from './cell-answers.ts';
import { columnOf, type CellBatch } from './cell-batch.ts';
import { CellFinder, coveredCells } from './cell-finder.ts';
import { CellGroup } from './cell-group.ts';
import type { RowNeeds } from './cells-sql.ts';
import { answerRecent, type RecentWindow } from './recent-answers.ts';
import { joinCells, type RecentGrid } from './recent-grid.ts';
import { RecentRowsMeasure } from './recent-rows.ts';
import type { CellSpans, RequestCells } from './request-cells.ts';

export interface CellWork {
  readonly finder: CellFinder;
  readonly needs: RowNeeds;
  /** Takes a batch; `source` has the filters of its rows. */
  take(batch: CellBatch, cells: Int32Array, source: ColumnBatch): void;
  /** Takes the states of a batch of tiles; `groupOf` gives a group's place among those of the tile plan. */
  merge(source: ColumnBatch, cells: Int32Array, groupOf: (group: SweepGroup) => number): void;
  /** After the last row: whether every measure could be kept exactly. */
  finish(): boolean;
  /** Writes the results by position of the plan's features, and gives by position whether each value leaks, if that is known. */
  answer(results: readonly ResultColumn[]): readonly (readonly EngineValue[])[];
}

export function createWork(cells: RequestCells, plan: SweepPlan, durations: readonly DurationWindow[]): CellWork {
  const knowsLeaks = plan.hasCreated && !plan.asKnown;
  const hasRecent = plan.features.some(({ feature }) => feature.window.kind === 'last');
  const grid = hasRecent ? joinCells(cells) : undefined;
  let filters = 0;
  const groups = plan.groups.map(
    (group) =>
      new GroupWork(
        cells,
        grid,
        plan,
        durations,
        group,
        group.filter.length === 0 ? undefined : `__filter${filters++}`,
      ),
  );
  const spans = groups.flatMap((group) => group.spans);
  const used = spans.length === 0 ? new Uint8Array(cells.cells) : coveredCells(cells.cells, spans);
  const ordered = plan.features.some(
    ({ feature }) => feature.window.kind === 'last' || feature.function === 'first' || feature.function === 'last',
  );
  return {
    finder: new CellFinder(cells, used),
    needs: { created: plan.hasCreated && (plan.asKnown || knowsLeaks || ordered), sequence: ordered },
    take(batch, at, source) {
      for (const group of groups) group.take(batch, at, source);
    },
    merge(source, at, groupOf) {
      for (const group of groups) group.merge(source, at, groupOf);
    },
    finish: () => groups.map((group) => group.finish()).every(Boolean),
    answer(results) {
      const leaks: (readonly EngineValue[])[] = [];
      for (const group of groups) group.answer(results, leaks);
      return plan.hasCreated ? leaks : [];
    },
  };
}

interface Answered {
  readonly spans: CellSpans;
  readonly features: readonly { readonly feature: SweepFeature; readonly answer: ReturnType<typeof answerFromCells> }[];
}

class GroupWork {
  /** Those of the group's windows. */
  readonly spans: readonly CellSpans[];
  readonly #cells: RequestCells;
  readonly #plan: SweepPlan;
  readonly #source: SweepGroup;
  readonly #filter: string | undefined;
  readonly #group: CellGroup;
  readonly #windows: readonly Answered[];
  readonly #recentWindows: readonly RecentWindow[];
  readonly #grid: RecentGrid | undefined;
  readonly #recent: RecentRowsMeasure | undefined;
  readonly #leaks: ReturnType<typeof leaksFromCells> | undefined;
  #passing = new Int32Array(0);
  #joined = new Int32Array(0);

  constructor(
    cells: RequestCells,
    grid: RecentGrid | undefined,
    plan: SweepPlan,
    durations: readonly DurationWindow[],
    source: SweepGroup,
    filter: string | undefined,
  ) {
    const { windows } = source;
    this.#source = source;
    this.#cells = cells;
    this.#plan = plan;
    this.#filter = filter;
    this.#group = new CellGroup(cells.begins);
    this.#recentWindows = windows.flatMap(({ window, features }) =>
      window.kind === 'last' ? [{ count: window.count, features }] : [],
    );
    this.#windows = windows.flatMap(({ window, features }): readonly Answered[] => {
      if (window.kind === 'last') return [];
      const spans = window.kind === 'all' ? cells.all : cells.durations[durations.indexOf(window)]!;
      const answers = features.map((feature) => ({ feature, answer: answerFromCells(this.#group, feature, plan) }));
      return [{ spans, features: answers }];
    });
    if (this.#windows.length > 0 && plan.hasCreated && !plan.asKnown) this.#leaks = leaksFromCells(this.#group);
    this.#grid = grid;
    if (grid && this.#recentWindows.length > 0) {
      const members = this.#recentWindows.flatMap(({ features }) => features);
      const inputs = [...new Set(members.map(({ input }) => input))].filter((input) => input >= 0);
      const limit = Math.max(...this.#recentWindows.map(({ count }) => count));
      this.#recent = new RecentRowsMeasure(grid.cells, limit, inputs, plan.hasCreated);
    }
    const recentSpans = this.#recent ? [cells.all] : [];
    this.spans = [...this.#windows.map(({ spans }) => spans), ...recentSpans];
  }

  take(batch: CellBatch, cells: Int32Array, source: ColumnBatch): void {
    const passing = this.#filter === undefined ? cells : this.#pass(cells, source, this.#filter);
    this.#group.take(batch, passing);
    if (this.#recent && this.#grid) this.#recent.take(batch, this.#join(batch.rows, passing, this.#grid));
  }

  merge(source: ColumnBatch, cells: Int32Array, groupOf: (group: SweepGroup) => number): void {
    const columns = this.#plan.inputs.map(({ column }) => column);
    this.#group.merge(new TileBatch(source, groupOf(this.#source), columns), cells);
  }

  finish(): boolean {
    return this.#group.finish() && (this.#recent?.exact ?? true);
  }

  answer(results: readonly ResultColumn[], leaks: (readonly EngineValue[])[]): void {
    const { beginOf, requests } = this.#cells;
    const never = (): readonly EngineValue[] => new Array<EngineValue>(requests.count).fill(false);
    for (const { spans, features } of this.#windows) {
      const leaking = this.#leaks?.(spans, beginOf, requests.at) ?? never();
      for (const { feature, answer } of features) {
        answer?.(spans, beginOf, results[feature.position]!);
        leaks[feature.position] = leaking;
      }
    }
    if (!this.#recent || !this.#grid) return;
    const leaking = this.#recentWindows.map(({ features }) => {
      const flags = new Array<EngineValue>(requests.count).fill(false);
      for (const { position } of features) leaks[position] = flags;
      return flags;
    });
    answerRecent(this.#recent, requests, this.#grid, this.#plan, {
      windows: this.#recentWindows,
      results,
      leak:
        this.#plan.hasCreated && !this.#plan.asKnown
          ? (window, request, leaks) => (leaking[window]![request] = leaks)
          : undefined,
    });
  }

  #join(rows: number, cells: Int32Array, { ofCell }: RecentGrid): Int32Array {
    if (this.#joined.length < rows) this.#joined = new Int32Array(rows);
    for (let row = 0; row < rows; row++) {
      const cell = cells[row]!;
      this.#joined[row] = cell < 0 ? -1 : ofCell[cell]!;
    }
    return this.#joined;
  }

  /** The cells of the rows that pass the filter. */
  #pass(cells: Int32Array, source: ColumnBatch, filter: string): Int32Array {
    if (this.#passing.length < source.rows) this.#passing = new Int32Array(source.rows);
    const passes = columnOf(source, filter)!.values as Int32Array;
    for (let row = 0; row < source.rows; row++) this.#passing[row] = passes[row] === 1 ? cells[row]! : -1;
    return this.#passing;
  }
}
