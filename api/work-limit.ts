/** How much of one kind of work a process takes on: so much at once, so much waiting, and the rest is refused at once. */
import { AsofError } from '../contracts/errors.ts';
import type { ReadDeadline } from '../online/read-deadline.ts';

export interface WorkBounds {
  /** Under way at once. */
  readonly most: number;
  /** Waiting for their turn. */
  readonly mostQueued: number;
}

interface Waiting {
  begin(): void;
}

export class WorkLimit {
  readonly name: string;
  readonly #bounds: WorkBounds;
  readonly #queue = new Set<Waiting>();
  #underWay = 0;
  #refused = 0;

  /** `name` is a plural, for messages and metrics: `online reads`. */
  constructor(name: string, bounds: WorkBounds) {
    this.name = name;
    this.#bounds = bounds;
  }

  get underWay(): number {
    return this.#underWay;
  }
  get queued(): number {
    return this.#queue.size;
  }
  /** Refused since the start. */
  get refused(): number {
    return this.#refused;
  }

  /** Throws `OVERLOADED` when nothing more is taken: for a caller that has not read its request yet. */
  requireRoom(): void {
    if (this.#underWay >= this.#bounds.most && this.#queue.size >= this.#bounds.mostQueued) throw this.#refuse();
  }

  /** Does the work in its turn. Throws `OVERLOADED` when too much waits, or when the turn has not come by the deadline. */
  async run<T>(work: () => Promise<T>, deadline?: ReadDeadline): Promise<T> {
    if (this.#underWay < this.#bounds.most) this.#underWay += 1;
    else await this.#wait(deadline);
    try {
      return await work();
    } finally {
      this.#end();
    }
  }

  /** The place of what ends goes to what waits longest. */
  #end(): void {
    const [next] = this.#queue;
    if (next === undefined) {
      this.#underWay -= 1;
      return;
    }
    this.#queue.delete(next);
    next.begin();
  }

  async #wait(deadline: ReadDeadline | undefined): Promise<void> {
    this.requireRoom();
    await new Promise<void>((resolve, reject) => {
      const signal = deadline?.signal;
      const waiting: Waiting = {
        begin() {
          signal?.removeEventListener('abort', giveUp);
          resolve();
        },
      };
      const giveUp = (): void => {
        this.#queue.delete(waiting);
        reject(this.#refuse());
      };
      this.#queue.add(waiting);
      if (signal?.aborted) giveUp();
      else signal?.addEventListener('abort', giveUp, { once: true });
    });
  }

  #refuse(): AsofError {
    this.#refused += 1;
    const { most, mostQueued } = this.#bounds;
    return new AsofError('OVERLOADED', { what: this.name, most, mostQueued });
  }
}
