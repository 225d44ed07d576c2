/** One service of docker-compose.yml as a process of this machine. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Settings of whoever runs the tests must not reach the services. */
const FOREIGN = /^(ASOF_|REDIS_URL$|TEMPORAL_|KAFKA_BROKERS$|S3_ENDPOINT$|AWS_|NODE_OPTIONS$|VITEST)/;

export interface NativeCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly directory: string;
}

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface NativeService {
  readonly outcome: Promise<Outcome>;
  /** Undefined while it runs. */
  exitCode(): number | null | undefined;
  /** Sends SIGTERM; rejects, after killing it, when it has not ended within the grace. */
  terminate(graceMillis: number): Promise<Outcome>;
  /** For clean-up: ends it at once if it still runs. */
  kill(): Promise<void>;
}

export function startService({ program, args, environment, directory }: NativeCommand): NativeService {
  const own = Object.entries(process.env).filter(([name]) => !FOREIGN.test(name));
  const child = spawn(program, args, {
    cwd: directory,
    env: { ...Object.fromEntries(own), ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  let ended: Outcome | undefined;
  const outcome = once(child, 'close').then(
    ([code]): Outcome => (ended = { code: code as number | null, stdout, stderr }),
  );
  return {
    outcome,
    exitCode: () => ended?.code,
    async terminate(graceMillis) {
      child.kill('SIGTERM');
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => {
          child.kill('SIGKILL');
          reject(new Error(`${args.join(' ')} did not end within ${graceMillis} ms of SIGTERM:\n${stderr}`));
        }, graceMillis);
      });
      try {
        return await Promise.race([outcome, late]);
      } finally {
        clearTimeout(timer);
      }
    },
    async kill() {
      if (ended !== undefined) return;
      child.kill('SIGKILL');
      await outcome;
    },
  };
}
