/** Lets a bounded number of tasks in at a time, in the order of their coming. */
export class Gate {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(places: number) {
    this.#free = places;
  }

  async through<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      // a waiting task takes over the place, so that none is lost in between
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free += 1;
    }
  }
}
