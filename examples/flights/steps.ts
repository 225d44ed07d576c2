/** Numbered steps with their time, one line each; on a terminal the step at work stands above its progress bar. */
import { styleText } from 'node:util';

/** To the start of the line above, cleared. */
const LINE_ABOVE = '\u001b[1A\r\u001b[K';

export class Steps {
  #number = 0;

  async run<T>(title: string, work: () => Promise<T>): Promise<T> {
    const numbered = `${String(++this.#number).padStart(2)}  ${title}`;
    const started = performance.now();
    if (process.stdout.isTTY) process.stdout.write(`${styled('cyan', '▸')} ${numbered} …\n`);
    const end = (mark: string): void => {
      if (process.stdout.isTTY) process.stdout.write(LINE_ABOVE);
      process.stdout.write(`${mark} ${numbered} ${styled('dim', seconds(started))}\n`);
    };
    try {
      const result = await work();
      end(styled('green', '✔'));
      return result;
    } catch (error) {
      end(styled('red', '✖'));
      throw error;
    }
  }

  note(text: string): void {
    process.stdout.write(`      ${text}\n`);
  }
}

function styled(format: 'cyan' | 'dim' | 'green' | 'red', text: string): string {
  return styleText(format, text, { stream: process.stdout });
}

function seconds(started: number): string {
  return `${((performance.now() - started) / 1000).toFixed(1)} s`;
}
