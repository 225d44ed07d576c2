/** Several processes of the API behind one port: started, watched, started again, and replaced one by one. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { AsofError } from '../contracts/errors.ts';
import { dealConnections, type ConnectionDealer } from './connection-dealer.ts';
import type { ProcessReport } from './process-messages.ts';

export interface ProcessGroup {
  readonly url: string;
  /** Puts a fresh process in the place of each, one after the other: a new one serves before an old one ends. */
  replace(): Promise<void>;
  /** Asks all to end, and returns when they have. */
  close(): Promise<void>;
}

export interface ProcessGroupOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
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

/**
 * Listens, and runs this program once more for each process. Connections wait until one serves. Throws `COMPONENT_FAILED` when
 * a process ends before it serves, and what the system says when the address cannot be had.
 */
export async function startProcessGroup(options: ProcessGroupOptions): Promise<ProcessGroup> {
  const dealer = await dealConnections(options.host, options.port);
  const slots = Array.from({ length: options.processes }, (_, index) => new Slot(index + 1, dealer, options));
  const close = async (): Promise<void> => {
    // until the last has drained: whoever asks for its readiness must hear that there is none
    dealer.endWithLast();
    await Promise.all(slots.map((slot) => slot.close()));
    dealer.close();
  };
  try {
    await Promise.all(slots.map((slot) => slot.start()));
  } catch (error) {
    await close();
    throw error;
  }
  return {
    url: dealer.url,
    async replace() {
      for (const slot of slots) await slot.replace();
    },
    close,
  };
}

/** The place of one process, whichever it is at the time. */
class Slot {
  readonly #number: number;
  readonly #name: string;
  readonly #dealer: ConnectionDealer;
  readonly #options: ProcessGroupOptions;
  #child: ChildProcess | undefined;
  #isClosing = false;
  #delayMillis = FIRST_DELAY_MILLIS;

  constructor(number: number, dealer: ConnectionDealer, options: ProcessGroupOptions) {
    this.#number = number;
    this.#name = `process ${number}`;
    this.#dealer = dealer;
    this.#options = options;
  }

  async start(): Promise<void> {
    const child = fork(process.argv[1]!, process.argv.slice(2), {
      env: { ...process.env, ...this.#options.environment, [NUMBER_VARIABLE]: String(this.#number) },
    });
    this.#child = child;
    this.#dealer.add(child);
    await this.#untilServing(child);
    const servedFrom = performance.now();
    this.#options.report(`${this.#name} serves as ${child.pid}`);
    child.once('exit', (code, signal) => {
      if (this.#isClosing || this.#child !== child) return;
      if (performance.now() - servedFrom > HEALTHY_MILLIS) this.#delayMillis = FIRST_DELAY_MILLIS;
      void this.#startAgain(`ended with ${signal ?? code}`);
    });
  }

  async replace(): Promise<void> {
    const old = this.#child;
    try {
      await this.start();
    } catch (error) {
      // the old one goes on
      this.#child = old;
      if (old && hasEnded(old)) void this.#startAgain('has ended');
      throw error;
    }
    if (!old) return;
    this.#dealer.remove(old);
    await end(old);
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    if (this.#child) await end(this.#child);
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

  #untilServing(child: ChildProcess): Promise<void> {
    return new Promise((resolve, reject) => {
      child.on('message', (report: ProcessReport) => {
        if (report === 'serving') resolve();
      });
      const fail = (problem: string): void =>
        reject(new AsofError('COMPONENT_FAILED', { component: this.#name, problem }));
      child.on('error', ({ message }) => fail(message));
      child.once('exit', (code, signal) => fail(`it ended with ${signal ?? code} before it served`));
    });
  }
}

/** Whether this process is one of a group. */
export function isOfGroup(): boolean {
  return process.connected && process.env[NUMBER_VARIABLE] !== undefined;
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

async function end(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}
