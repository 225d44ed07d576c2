/** The embedded Kafka: one process that is broker and controller, on loopback, data in `.asof/kafka`. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { AsofError } from '../contracts/errors.ts';
import type { Component } from './component.ts';
import { kafkaDirectory } from './embedded-kafka.ts';
import { locateKafka, provideKafka } from './kafka-programs.ts';
import { findOnPath, runToEnd } from './program-search.ts';
import { startProcess } from './start-process.ts';

/** A small heap that collects on one thread; the broker is ready in seconds and takes about 250 MB. */
const JVM = ['-Xms64m', '-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'] as const;

/** For one broker, with little memory, and messages up to 16 MB. */
const SETTINGS = {
  'process.roles': 'broker,controller',
  'node.id': '1',
  'controller.listener.names': 'CONTROLLER',
  'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
  'offsets.topic.replication.factor': '1',
  'offsets.topic.num.partitions': '1',
  'transaction.state.log.replication.factor': '1',
  'transaction.state.log.min.isr': '1',
  'transaction.state.log.num.partitions': '1',
  'group.initial.rebalance.delay.ms': '0',
  'log.retention.check.interval.ms': '1000',
  'log.cleaner.dedupe.buffer.size': '4194304',
  'message.max.bytes': '16777216',
  'replica.fetch.max.bytes': '16777216',
} as const;

const LOGGING = `status = off
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d %p %c{1} %m%n
rootLogger.level = warn
rootLogger.appenderRef.out.ref = out
`;

export const kafkaComponent: Component = {
  name: 'kafka',
  locate: locateKafka,
  provide: provideKafka,
  start: async (jars, options) => {
    const home = kafkaDirectory(options.directory);
    const clusterId = await prepareData(home, jars);
    return startProcess(
      {
        name: 'kafka',
        ports: [9092, 9093],
        timeoutMillis: 120_000,
        command: ([port, controllerPort]) => {
          const data = path.join(home, 'data');
          const settings = writeSettings(home, { data, port: Number(port), controllerPort: Number(controllerPort) });
          return {
            ...java(jars, home, 'kafka.Kafka', [settings]),
            env: withoutKafkaSettings(process.env),
            directory: home,
          };
        },
        probe: async ({ ports: [port] }) => {
          const address = `127.0.0.1:${port}`;
          // loaded on use: most stacks have no Kafka. Another broker on this port would have another cluster's id
          const { askClusterId } = await import('../streaming/kafka-client.ts');
          const isOurs = (await askClusterId([address]).catch(() => undefined)) === clusterId;
          return isOurs ? { address, ui: null } : undefined;
        },
      },
      options,
    );
  },
};

/** Makes the data directory unless it exists: elsewhere first, so that an interrupted attempt leaves no half of one. */
async function prepareData(home: string, jars: string): Promise<string> {
  const data = path.join(home, 'data');
  const idFile = path.join(home, 'cluster-id');
  if (existsSync(data)) return readFileSync(idFile, 'utf8').trim();
  mkdirSync(home, { recursive: true });
  writeFileSync(path.join(home, 'log4j2.properties'), LOGGING);
  // 16 bytes in the alphabet of URLs; one that begins with a dash would be read as an option
  const clusterId = randomBytes(16).toString('base64url').replace(/^-/, 'A');
  writeFileSync(idFile, `${clusterId}\n`);
  const unfinished = `${data}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  const settings = writeSettings(home, { data: unfinished, port: 9092, controllerPort: 9093 });
  const format = ['format', '--cluster-id', clusterId, '--config', settings];
  const { program, args } = java(jars, home, 'kafka.tools.StorageTool', format);
  const { succeeded, output } = await runToEnd(program, args, { timeoutMillis: 120_000 });
  if (!succeeded) throw new AsofError('COMPONENT_FAILED', { component: 'kafka', problem: `format: ${output}` });
  renameSync(unfinished, data);
  return clusterId;
}

/** The ports stand in the settings alone, so that a broker whose old ones are taken starts on others. */
function writeSettings(
  home: string,
  { data, port, controllerPort }: { readonly data: string; readonly port: number; readonly controllerPort: number },
): string {
  const file = path.join(home, 'server.properties');
  const broker = `PLAINTEXT://127.0.0.1:${port}`;
  const controller = `127.0.0.1:${controllerPort}`;
  const settings = {
    ...SETTINGS,
    'log.dirs': data,
    listeners: `${broker},CONTROLLER://${controller}`,
    'advertised.listeners': broker,
    'controller.quorum.voters': `1@${controller}`,
  };
  // a backslash begins an escape there
  const lines = Object.entries(settings).map(([key, value]) => `${key}=${value.replaceAll('\\', '\\\\')}\n`);
  writeFileSync(file, lines.join(''));
  return file;
}

function java(
  jars: string,
  home: string,
  main: string,
  args: readonly string[],
): { readonly program: string; readonly args: readonly string[] } {
  const logging = `-Dlog4j2.configurationFile=${path.join(home, 'log4j2.properties')}`;
  return { program: findOnPath('java') ?? 'java', args: [...JVM, logging, '-cp', path.join(jars, '*'), main, ...args] };
}

/** The JVM reads options of its own from the environment; a user's must not reach the broker. */
function withoutKafkaSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !/^(KAFKA_|JAVA_TOOL_OPTIONS$|CLASSPATH$)/.test(name)),
  );
}
