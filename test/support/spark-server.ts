/** A Spark Thrift server for one test run, from `pip install pyspark`, with Java and Python from Debian where they are missing. */
import { execFileSync, spawn, type ChildProcess, type ExecFileSyncOptions } from 'node:child_process';
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { askSparkVersion, openSpark } from '../../engine/spark/thrift-spark.ts';
import { installPackage } from '../../stack/apt-packages.ts';
import { findOnPath } from '../../stack/program-search.ts';

const VERSION = '4.3.0';
/** Installed once for all runs on a machine. */
const ENVIRONMENT = path.join(process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache'), 'asof', 'spark', 'venv');
const START_MILLIS = 120_000;
const QUIET: ExecFileSyncOptions = { stdio: ['ignore', 'ignore', 'inherit'] };

export interface SparkServer {
  readonly url: string;
  stop(): Promise<void>;
}

/** A server of one test. */
export interface OwnSparkServer extends SparkServer {
  /** Jobs under way, as Spark itself tells. */
  runningJobs(): Promise<number>;
  /** At once, in the middle of whatever it does. */
  kill(): Promise<void>;
}

/** `ASOF_TEST_SPARK_URL` names a server that runs already. */
export async function startSparkServer(): Promise<SparkServer> {
  const given = process.env['ASOF_TEST_SPARK_URL'];
  return given === undefined ? startOwnSparkServer() : { url: given, stop: async () => undefined };
}

/** `givenPort` is that of a server that has ended. */
export async function startOwnSparkServer(givenPort?: number): Promise<OwnSparkServer> {
  const home = await provideSpark();
  const directory = mkdtempSync(path.join(tmpdir(), 'asof-spark-'));
  const port = givenPort ?? (await freePort());
  const uiPort = await freePort();
  const log = path.join(directory, 'server.log');
  const child = spawn(path.join(home, 'bin', 'spark-submit'), serverArguments(directory, port, uiPort), {
    cwd: directory,
    env: { ...process.env, SPARK_HOME: home, SPARK_LOCAL_IP: '127.0.0.1' },
    stdio: ['ignore', openSync(log, 'a'), openSync(log, 'a')],
    detached: true,
  });
  const stop = async (): Promise<void> => {
    await end(child, 'SIGTERM');
    rmSync(directory, { recursive: true, force: true });
  };
  const url = `thrift://127.0.0.1:${port}`;
  try {
    await waitUntilReady(url, child, log);
    return {
      url,
      stop,
      runningJobs: () => countRunningJobs(`http://127.0.0.1:${uiPort}/api/v1/applications`),
      kill: () => end(child, 'SIGKILL'),
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The folder of a Spark, which is installed when there is none. */
async function provideSpark(): Promise<string> {
  if (findOnPath('java') === undefined) say(await installPackage('openjdk-17-jre-headless', say));
  const python = path.join(ENVIRONMENT, 'bin', 'python');
  const ask = (): string =>
    execFileSync(python, ['-c', 'import os, pyspark; print(os.path.dirname(pyspark.__file__))'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  try {
    return ask();
  } catch {
    say(`installing Spark ${VERSION} with pip`);
    rmSync(ENVIRONMENT, { recursive: true, force: true });
    mkdirSync(path.dirname(ENVIRONMENT), { recursive: true });
    await makeEnvironment();
    execFileSync(python, ['-m', 'pip', 'install', '--quiet', `pyspark==${VERSION}`], QUIET);
    return ask();
  }
}

async function makeEnvironment(): Promise<void> {
  const make = (): unknown => execFileSync('python3', ['-m', 'venv', ENVIRONMENT], QUIET);
  try {
    make();
  } catch {
    say(await installPackage('python3-venv', say));
    make();
  }
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** One core and a gigabyte: it runs beside other tests. Everything that it writes stands in the test's own directory. */
function serverArguments(directory: string, port: number, uiPort: number): string[] {
  const settings = {
    'spark.ui.port': String(uiPort),
    'spark.driver.host': '127.0.0.1',
    'spark.driver.bindAddress': '127.0.0.1',
    'spark.sql.shuffle.partitions': '2',
    'spark.local.dir': path.join(directory, 'local'),
    'spark.sql.warehouse.dir': path.join(directory, 'warehouse'),
    'spark.driver.extraJavaOptions': `-Dderby.system.home=${path.join(directory, 'derby')} -Djava.io.tmpdir=${directory} -XX:+UseSerialGC -XX:TieredStopAtLevel=1`,
  };
  const server = 'org.apache.spark.sql.hive.thriftserver.HiveThriftServer2';
  const hive = { 'hive.server2.thrift.port': port, 'hive.server2.thrift.bind.host': '127.0.0.1' };
  return [
    ...['--master', 'local[1]', '--driver-memory', '1g', '--class', server],
    ...Object.entries(settings).flatMap(([name, value]) => ['--conf', `${name}=${value}`]),
    'spark-internal',
    ...Object.entries(hive).flatMap(([name, value]) => ['--hiveconf', `${name}=${value}`]),
  ];
}

async function waitUntilReady(url: string, child: ChildProcess, log: string): Promise<void> {
  const spark = openSpark(url);
  for (const until = Date.now() + START_MILLIS; ; await sleep(300)) {
    try {
      await askSparkVersion(spark);
      return;
    } catch (error) {
      if (child.exitCode === null && Date.now() < until) continue;
      throw new Error(`Spark did not start: ${readFileSync(log, 'utf8').slice(-4000)}`, { cause: error });
    }
  }
}

async function countRunningJobs(applications: string): Promise<number> {
  const [application] = await fetchList<{ readonly id: string }>(applications);
  return (await fetchList(`${applications}/${application!.id}/jobs?status=running`)).length;
}

async function fetchList<T>(url: string): Promise<readonly T[]> {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  return (await answer.json()) as readonly T[];
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

async function end(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  process.kill(-child.pid, signal);
  const forced = setTimeout(() => process.kill(-child.pid!, 'SIGKILL'), 15_000);
  await ended;
  clearTimeout(forced);
}
