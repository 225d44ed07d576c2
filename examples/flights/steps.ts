/** Numbered steps with their time, one line each; on a terminal the line at work shows a turning mark. */
import pc from 'picocolors';

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

export class Steps {
  #number = 0;

  async run<T>(title: string, work: () => Promise<T>): Promise<T> {
    const number = String(++this.#number).padStart(2);
    const started = performance.now();
    const stop = this.#animate(`${number}  ${title}`, started);
    try {
      const result = await work();
      stop();
      process.stdout.write(`${pc.green('✔')} ${number}  ${title} ${pc.dim(seconds(started))}\n`);
      return result;
    } catch (error) {
      stop();
      process.stdout.write(`${pc.red('✖')} ${number}  ${title} ${pc.dim(seconds(started))}\n`);
      throw error;
    }
  }

  note(text: string): void {
    process.stdout.write(`      ${text}\n`);
  }

  #animate(title: string, started: number): () => void {
    if (!process.stdout.isTTY) return () => undefined;
    let frame = 0;
    const timer = setInterval(() => {
      process.stdout.write(`\r\u001b[K${FRAMES[frame++ % FRAMES.length]} ${title} ${pc.dim(seconds(started))}`);
    }, 100);
    return () => {
      clearInterval(timer);
      process.stdout.write('\r\u001b[K');
    };
  }
}

function seconds(started: number): string {
  return `${((performance.now() - started) / 1000).toFixed(1)} s`;
}
