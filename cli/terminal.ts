/** Where a command's words go: the result to stdout, once; everything else to stderr. */
import { styleText } from 'node:util';
import { knownError } from '../contracts/disk-full.ts';
import type { AsofError } from '../contracts/errors.ts';
import { formatRemaining } from '../contracts/remaining-time.ts';
import type { RunProgress } from '../contracts/runs.ts';
import { toJsonText } from '../contracts/json-text.ts';

export interface Terminal {
  /** The command's result: with `--json` the document, otherwise the text. Called once by every command. */
  result(document: unknown, text: string | readonly string[]): void;
  /** A remark about what is going on; never on stdout. */
  note(text: string): void;
  /** A live bar on a terminal; elsewhere a line for each new step, or nothing with `--json`. */
  progress(progress: RunProgress): void;
  /** Takes the bar away. */
  endProgress(): void;
  fail(error: unknown): number;
}

export function openTerminal(json: boolean): Terminal {
  const live = process.stderr.isTTY;
  let lastStep = '';
  let barShown = false;

  const endProgress = (): void => {
    if (barShown) process.stderr.write('\r\u001b[K');
    barShown = false;
    lastStep = '';
  };

  return {
    result(document, text) {
      endProgress();
      const lines = typeof text === 'string' ? [text] : text;
      process.stdout.write(json ? `${toJsonText(document)}\n` : lines.map((line) => `${line}\n`).join(''));
    },
    note(text) {
      if (json) return;
      endProgress();
      process.stderr.write(`${text}\n`);
    },
    progress(progress) {
      if (live) {
        barShown = true;
        process.stderr.write(`\r\u001b[K${drawBar(progress, process.stderr.columns)}`);
      } else if (!json && progress.step !== lastStep) {
        lastStep = progress.step;
        process.stderr.write(`${progress.step}\n`);
      }
    },
    endProgress,
    fail(error) {
      endProgress();
      const known = knownError(error);
      if (json) process.stdout.write(`${toJsonText({ error: describeError(known) })}\n`);
      process.stderr.write(`${styled('red', 'error')} ${known.message} ${styled('dim', `[${known.code}]`)}\n`);
      if (known.code === 'INTERNAL' && error instanceof Error && process.env.ASOF_DEBUG) {
        process.stderr.write(`${error.stack ?? ''}\n`);
      }
      return known.exitCode;
    },
  };
}

/** In colour where stderr is a terminal that shows it, or FORCE_COLOR asks for it. */
function styled(format: 'red' | 'dim', text: string): string {
  return styleText(format, text, { stream: process.stderr });
}

function describeError(error: AsofError): unknown {
  return { code: error.code, message: error.message, retryable: error.retryable, details: error.details };
}

function drawBar(progress: RunProgress, columns: number): string {
  const width = Math.max(10, Math.min(30, columns - 60));
  const share = progress.total > 0 ? Math.min(1, progress.done / progress.total) : 0;
  const filled = Math.round(share * width);
  const bar = `${'█'.repeat(filled)}${'░'.repeat(width - filled)}`;
  const rows = progress.rows > 0 ? ` · ${progress.rows.toLocaleString('en')} rows` : '';
  const failed = progress.failed > 0 ? ` · ${progress.failed} failed` : '';
  const left = progress.remainingSeconds ? ` · ${formatRemaining(progress.remainingSeconds)} left` : '';
  const line = `${bar} ${Math.floor(share * 100)}% ${progress.step} · ${progress.done}/${progress.total} ${progress.unit}${rows}${failed}${left}`;
  return line.slice(0, Math.max(20, columns - 1));
}
