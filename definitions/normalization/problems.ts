import { AsofError } from '../../contracts/errors.ts';

interface Problem {
  readonly file: string;
  readonly place: string;
  readonly problem: string;
  readonly mend: string;
}

/** Everything that is wrong with a project's definitions, in the order of discovery. */
export class Problems {
  readonly #found: Problem[] = [];

  add(problem: Problem): void {
    this.#found.push(problem);
  }

  /**
   * Throws `DEFINITIONS_INVALID` for the first problem; `details.more` has the text of the others. With `USAGE` there is no file,
   * and one sentence has them all.
   */
  throwIfAny(code: 'DEFINITIONS_INVALID' | 'USAGE' = 'DEFINITIONS_INVALID'): void {
    const [first, ...others] = this.#found;
    if (first === undefined) return;
    if (code === 'USAGE') {
      const all = this.#found.map(({ place, problem, mend }) => `${place}: ${problem}; ${mend}`);
      throw new AsofError('USAGE', { problem: all.join('. ') });
    }
    const more = others.map(({ file, place, problem, mend }) => `${file}: ${place}: ${problem}; ${mend}`);
    throw new AsofError('DEFINITIONS_INVALID', more.length === 0 ? { ...first } : { ...first, more });
  }
}

/** Where a problem stands: a file, and words such as `view airport_delays, feature delay_mean_1d`. */
export class Place {
  readonly file: string;
  readonly text: string;
  readonly #problems: Problems;

  constructor(problems: Problems, file: string, text: string) {
    this.#problems = problems;
    this.file = file;
    this.text = text;
  }

  in(part: string): Place {
    return new Place(this.#problems, this.file, `${this.text}, ${part}`);
  }

  /** Says what is wrong, and what would be right. */
  report(problem: string, mend: string): void {
    this.#problems.add({ file: this.file, place: this.text, problem, mend });
  }
}
