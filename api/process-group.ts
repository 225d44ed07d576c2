/** Several processes of the API behind one port: started, watched, started again, and replaced one by one. */
import cluster, { type Worker } from 'node:cluster';
import { setTimeout as sleep } from 'node:timers/promises';
import { AsofError } from '../contracts/errors.ts';

/** What a process says once it serves. */
interface Serving {
  readonly serving: string;
}

export interface ProcessGroup {
  readonly url: string;
  /** Puts a fresh process in the place of each, one after the other: a new one serves before an old one ends. */
  replace(): Promise<void>;
  /** Asks all to end, and returns when they have. */
  close(): Promise<void>;
}

export interface ProcessGroupOptions {
  readonly processes: number;
  /** Of every process, beside that of this one; undefined takes a variable away. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly report: (line: string) => void;
}

/** Tells a process of a group which one it is. */
export const NUMBER_VARIABLE = 'ASOF_SERVE_PROCESS';

const FIRST_DELAY_MILLIS = 100;
const LONGEST_DELAY_MILLIS = 10_000;
/** A process that served for so long begins anew: its next death is no sign of a broken start. */
const HEALTHY_MILLIS = 30_000;

/** Runs this program once more for each process. Throws `COMPONENT_FAILED` when one ends before it serves. */
export async function startProcessGroup(options: ProcessGroupOptions): Promise<ProcessGroup> {
  const slots = Array.from({ length: options.processes }, (_, index) => new Slot(index + 1, options));
  try {
    const urls = await Promise.all(slots.map((slot) => slot.start()));
    return {
      url: urls[0]!,
      async replace() {
        for (const slot of slots) await slot.replace();
      },
      async close() {
        await Promise.all(slots.map((slot) => slot.close()));
      },
    };
  } catch (error) {
    await Promise.all(slots.map((slot) => slot.close()));
    throw error;
  }
}

/** The place of one process, whichever it is at the time. */
class Slot {
  readonly #number: number;
  readonly #name: string;
  readonly #options: ProcessGroupOptions;
  #worker: Worker | undefined;
  #isClosing = false;
  #delayMillis = FIRST_DELAY_MILLIS;

  constructor(number: number, options: ProcessGroupOptions) {
    this.#number = number;
    this.#name = `process ${number}`;
    this.#options = options;
  }

  /** The address that it serves. */
  async start(): Promise<string> {
    const worker = cluster.fork({ ...this.#options.environment, [NUMBER_VARIABLE]: String(this.#number) });
    this.#worker = worker;
    const url = await this.#untilServing(worker);
    const servedFrom = performance.now();
    this.#options.report(`${this.#name} serves as ${worker.process.pid}`);
    worker.once('exit', (code, signal) => {
      if (this.#isClosing || this.#worker !== worker) return;
      if (performance.now() - servedFrom > HEALTHY_MILLIS) this.#delayMillis = FIRST_DELAY_MILLIS;
      void this.#startAgain(`ended with ${signal ?? code}`);
    });
    return url;
  }

  async replace(): Promise<void> {
    const old = this.#worker;
    try {
      await this.start();
    } catch (error) {
      // the old one goes on
      this.#worker = old;
      if (old?.isDead()) void this.#startAgain('has ended');
      throw error;
    }
    if (old) await end(old);
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    if (this.#worker) await end(this.#worker);
  }

  async #startAgain(reason: string): Promise<void> {
    for (let why = reason; !this.#isClosing;) {
      this.#options.report(`${this.#name} ${why}; it is started again in ${this.#delayMillis} ms`);
      await sleep(this.#delayMillis);
      this.#delayMillis = Math.min(2 * this.#delayMillis, LONGEST_DELAY_MILLIS);
      if (this.#isClosing) return;
      try {
        await this.start();
        return;
      } catch (error) {
        why = error instanceof Error ? error.message : String(error);
      }
    }
  }

  #untilServing(worker: Worker): Promise<string> {
    return new Promise((resolve, reject) => {
      worker.on('message', (message: unknown) => {
        if (isServing(message)) resolve(message.serving);
      });
      worker.once('exit', (code, signal) => {
        const problem = `it ended with ${signal ?? code} before it served`;
        reject(new AsofError('COMPONENT_FAILED', { component: this.#name, problem }));
      });
    });
  }
}

/** For a process of a group: tells that it serves. */
export function announceServing(url: string): void {
  process.send?.({ serving: url } satisfies Serving);
}

function isServing(message: unknown): message is Serving {
  return typeof message === 'object' && message !== null && 'serving' in message;
}

async function end(worker: Worker): Promise<void> {
  if (worker.isDead()) return;
  const ended = new Promise((resolve) => worker.once('exit', resolve));
  worker.process.kill('SIGTERM');
  await ended;
}
