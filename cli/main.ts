/** The command line: one file a command under `commands/`, assembled here. */
import { Command, CommanderError } from 'commander';
import { AsofError } from '../contracts/errors.ts';
import { VERSION } from '../contracts/version.ts';
import { openTerminal, type Terminal } from './terminal.ts';

/** What every command gets beside its own arguments. */
export interface CommandContext {
  readonly terminal: Terminal;
  /** `-C DIR`; undefined for the nearest parent with `asof.config.ts`. */
  readonly directory: string | undefined;
  /** Aborted by the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
}

/** Adds a command to the program; its action runs through `run`, which reports errors and sets the exit code. */
export type Register = (program: Command, run: RunCommand) => void;
export type RunCommand = (handler: (context: CommandContext) => Promise<number | void>) => Promise<void>;

/** A command's module is loaded when it is named: the start of one command does not pay for the others. */
const COMMANDS: Readonly<Record<string, () => Promise<Register>>> = {
  init: async () => (await import('./commands/init.ts')).registerInit,
  dev: async () => (await import('./commands/dev.ts')).registerDev,
  down: async () => (await import('./commands/dev.ts')).registerDev,
  plan: async () => (await import('./commands/plan.ts')).registerPlan,
  apply: async () => (await import('./commands/apply.ts')).registerApply,
  ingest: async () => (await import('./commands/ingest.ts')).registerIngest,
  backfill: async () => (await import('./commands/backfill.ts')).registerBackfill,
  maintain: async () => (await import('./commands/maintain.ts')).registerMaintain,
  materialize: async () => (await import('./commands/materialize.ts')).registerMaterialize,
  online: async () => (await import('./commands/online.ts')).registerOnline,
  historical: async () => (await import('./commands/historical.ts')).registerHistorical,
  fit: async () => (await import('./commands/fit.ts')).registerFit,
  schedule: async () => (await import('./commands/schedule.ts')).registerSchedule,
  stream: async () => (await import('./commands/stream.ts')).registerStream,
  dataset: async () => (await import('./commands/dataset.ts')).registerDataset,
  push: async () => (await import('./commands/push.ts')).registerPush,
  get: async () => (await import('./commands/get.ts')).registerGet,
  consistency: async () => (await import('./commands/consistency.ts')).registerConsistency,
  status: async () => (await import('./commands/status.ts')).registerStatus,
  stats: async () => (await import('./commands/stats.ts')).registerStats,
  describe: async () => (await import('./commands/describe.ts')).registerDescribe,
  drift: async () => (await import('./commands/drift.ts')).registerDrift,
  search: async () => (await import('./commands/search.ts')).registerSearch,
  keys: async () => (await import('./commands/keys.ts')).registerKeys,
  quarantine: async () => (await import('./commands/quarantine.ts')).registerQuarantine,
  fsck: async () => (await import('./commands/fsck.ts')).registerFsck,
  gc: async () => (await import('./commands/gc.ts')).registerGc,
  worker: async () => (await import('./commands/worker.ts')).registerWorker,
  serve: async () => (await import('./commands/serve.ts')).registerServe,
  doctor: async () => (await import('./commands/doctor.ts')).registerDoctor,
  config: async () => (await import('./commands/config.ts')).registerConfig,
};

/** Runs one command. Returns the exit code: 0 done, 1 failed, 2 wrong usage or definitions, 3 a gate refused the data. */
export async function main(args: readonly string[]): Promise<number> {
  // decided before parsing, so that a usage error is a JSON document too
  const terminal = openTerminal(wantsJson(args));
  const abort = new AbortController();
  const interrupt = (): void => abort.abort();
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  // a promise that nobody awaits, such as one that definitions leave behind, still ends in one document
  const crash = (error: unknown): never => process.exit(terminal.fail(error));
  process.once('unhandledRejection', crash);

  let exitCode = 0;
  const program = await buildProgram(args, async (handler) => {
    const { directory } = program.opts<{ directory?: string }>();
    exitCode = (await handler({ terminal, directory, signal: abort.signal })) ?? 0;
  });
  try {
    await program.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return reportUsage(error, terminal);
    return terminal.fail(error);
  } finally {
    process.removeListener('SIGINT', interrupt);
    process.removeListener('SIGTERM', interrupt);
    process.removeListener('unhandledRejection', crash);
  }
}

async function buildProgram(args: readonly string[], run: RunCommand): Promise<Command> {
  const program = new Command('asof')
    .description('Time-correct training data and online features from one definition')
    .version(VERSION, '--version')
    .option('-C, --directory <dir>', 'project directory (default: the nearest parent with asof.config.ts)')
    .option('--json', 'print one JSON document on stdout')
    .configureOutput({ writeErr: () => undefined })
    .showSuggestionAfterError()
    .exitOverride();
  for (const load of commandsNeeded(args)) (await load())(program, run);
  for (const command of allCommands(program)) {
    command.exitOverride().configureOutput({ writeErr: () => undefined });
    if (command !== program) command.addOption(program.createOption('--json', 'print one JSON document on stdout'));
  }
  return program;
}

/** The one that is named, or all of them for help and for names that are none. */
function commandsNeeded(args: readonly string[]): readonly (() => Promise<Register>)[] {
  const named = args.find((arg, index) => !arg.startsWith('-') && !/^(-C|--directory)$/.test(args[index - 1] ?? ''));
  const load = named === undefined || !Object.hasOwn(COMMANDS, named) ? undefined : COMMANDS[named];
  if (load !== undefined) return [load];
  const { down: _sameModuleAsDev, ...others } = COMMANDS;
  return Object.values(others);
}

function allCommands(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(allCommands)];
}

function reportUsage(error: CommanderError, terminal: Terminal): number {
  if (error.exitCode === 0) return 0;
  const problem = error.message
    .replace(/^error: /, '')
    .replace(/\(outputHelp\)/, 'a command is missing; see `asof --help`');
  return terminal.fail(new AsofError('USAGE', { problem }));
}

function wantsJson(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  return (end < 0 ? args : args.slice(0, end)).includes('--json');
}
