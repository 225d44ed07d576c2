/** The embedded components of one state directory: started, found again, and stopped in order. */
import type { ProcessName, Settings } from '../contracts/config.ts';
import { catalogComponent } from './catalog-server.ts';
import type { Component, ComponentName, Report, StartOptions } from './component.ts';
import { redisComponent } from './redis-server.ts';
import { kafkaComponent } from './kafka-server.ts';
import { s3Component } from './s3-server.ts';
import { findRunning, readRecords, removeRecord, writeRecord, type RunRecord } from './run-records.ts';
import { temporalComponent } from './temporal-server.ts';
import { askToEnd, terminate } from './termination.ts';

export const COMPONENTS: Readonly<Record<ComponentName, Component>> = {
  catalog: catalogComponent,
  redis: redisComponent,
  temporal: temporalComponent,
  s3: s3Component,
  kafka: kafkaComponent,
};

/** Processes that may stop at the same time, in the order of stopping: users of a component before the component. */
const STOP_ORDER: readonly (readonly ProcessName[])[] = [
  ['api'],
  ['worker-orchestration', 'worker-compute', 'worker-serving'],
  ['temporal'],
  ['redis', 'kafka'],
  ['s3'],
  ['catalog'],
];

/** The address that the settings give for a component; null means that the embedded one is to be used. */
export function configuredAddress(settings: Settings, name: ComponentName): string | null {
  switch (name) {
    case 'catalog':
      return settings.catalogUrl;
    case 'redis':
      return settings.redisUrl;
    case 'temporal':
      return settings.temporal.address;
    case 's3':
      return settings.s3.endpoint;
    case 'kafka':
      return settings.kafkaBrokers?.join(',') ?? null;
  }
}

/** Installs what is missing of the programs, so that nothing slow happens under the lock. */
export async function provideComponents(names: readonly ComponentName[], report: Report): Promise<void> {
  for (const name of names) await COMPONENTS[name].provide(report);
}

/** Starts those that do not run; to be called under the run lock. A component that `dev` owns stays its own. */
export async function startComponents(
  stateDirectory: string,
  names: readonly ComponentName[],
  owner: RunRecord['owner'],
  options: Omit<StartOptions, 'directory' | 'launched'>,
  report: Report,
): Promise<void> {
  const outcomes = await Promise.allSettled(
    names.map(async (name) => {
      const running = findRunning(stateDirectory, name);
      if (running !== undefined) {
        if (owner === 'dev') writeRecord(stateDirectory, { ...running, owner });
        return;
      }
      // whoever knew the component that died still knows its port
      const ports = (await stopProcess(stateDirectory, name))?.ports ?? options.ports;
      const component = COMPONENTS[name];
      await component.start(await component.provide(report), {
        ...options,
        ports,
        directory: stateDirectory,
        launched: (started) => writeRecord(stateDirectory, { ...started, owner }),
      });
      if (owner === 'dev') report(`${name} is ready`);
    }),
  );
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

/** Stops the named processes, users first, and returns when the last one has exited; to be called under the run lock. */
export async function stopProcesses(
  stateDirectory: string,
  isChosen: (record: RunRecord) => boolean,
): Promise<readonly ProcessName[]> {
  const chosen = readRecords(stateDirectory).filter(isChosen);
  const names = chosen.map((record) => record.name);
  for (const step of STOP_ORDER) {
    await Promise.all(step.filter((name) => names.includes(name)).map((name) => stopProcess(stateDirectory, name)));
  }
  return names;
}

/** Tells the chosen processes to end without waiting for them; their records stay until the next change of what runs. */
export function askProcessesToEnd(stateDirectory: string, isChosen: (record: RunRecord) => boolean): void {
  for (const { name, process } of readRecords(stateDirectory).filter(isChosen)) askToEnd(name, process);
}

/** Ends the recorded process and what it left behind, if there is any, forgets it, and returns what it was. */
export async function stopProcess(stateDirectory: string, name: ProcessName): Promise<RunRecord | undefined> {
  const record = readRecords(stateDirectory).find((one) => one.name === name);
  if (record === undefined) return undefined;
  await terminate(name, record.process);
  removeRecord(stateDirectory, name);
  return record;
}
