/** Kafka's own jars: where they are looked for, and how they are fetched when they are nowhere. The program is their folder. */
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { AsofError } from '../contracts/errors.ts';
import { installPackage } from './apt-packages.ts';
import type { Located, Report } from './component.ts';
import { withLock } from './lock.ts';
import { cacheDirectory, findOnPath, runToEnd } from './program-search.ts';

const VERSION = '4.3.1';
/** The last one lets the broker write its log. */
const ARTIFACTS = [
  `org.apache.kafka:kafka_2.13:${VERSION}`,
  `org.apache.kafka:kafka-tools:${VERSION}`,
  'org.apache.logging.log4j:log4j-slf4j-impl:2.25.4',
] as const;
const COPY_DEPENDENCIES = 'org.apache.maven.plugins:maven-dependency-plugin:copy-dependencies';
const MEND = 'install Java 17 and Maven, or name a running broker with KAFKA_BROKERS';
const DOWNLOAD_TIMEOUT_MILLIS = 900_000;

export async function locateKafka(): Promise<Located> {
  const jars = jarDirectory();
  const java = findOnPath('java');
  if (java !== undefined && existsSync(jars)) return { found: true, program: jars };
  const looked = [
    'KAFKA_BROKERS (not set)',
    java === undefined ? 'java on PATH (none)' : `java on PATH (${java})`,
    jars,
  ];
  return { found: false, looked, mend: MEND };
}

/** The located jars, otherwise those that Maven fetches; Java and Maven come from the package manager where it may be used. */
export async function provideKafka(report: Report): Promise<string> {
  const early = await locateKafka();
  if (early.found) return early.program;
  return withLock(path.join(cacheDirectory(), 'kafka.lock'), DOWNLOAD_TIMEOUT_MILLIS, async () => {
    const located = await locateKafka();
    if (located.found) return located.program;
    const tried: string[] = [];
    if (findOnPath('java') === undefined) tried.push(await installPackage('default-jre-headless', report));
    if (!existsSync(jarDirectory())) tried.push(await fetchJars(report));
    const now = await locateKafka();
    if (now.found) return now.program;
    throw new AsofError('COMPONENT_MISSING', {
      component: 'Kafka',
      problem: `looked at ${[...located.looked, ...tried].join('; ')}. ${located.mend}`,
    });
  });
}

/** Returns what was tried and how it ended. */
async function fetchJars(report: Report): Promise<string> {
  const before = findOnPath('mvn') === undefined ? `${await installPackage('maven', report)}; ` : '';
  const what = `mvn ${COPY_DEPENDENCIES} of org.apache.kafka ${VERSION}`;
  const maven = findOnPath('mvn');
  if (maven === undefined) return `${before}${what} (no mvn on PATH)`;
  report(`fetching Kafka ${VERSION} with Maven; this takes about a minute, once`);
  const work = path.join(cacheDirectory(), `kafka-${process.pid}`);
  mkdirSync(work, { recursive: true });
  try {
    const project = path.join(work, 'pom.xml');
    const jars = path.join(work, 'jars');
    writeFileSync(project, projectFile());
    const args = ['-q', '-B', '-f', project, COPY_DEPENDENCIES, '-DincludeScope=runtime', `-DoutputDirectory=${jars}`];
    const { succeeded, output } = await runToEnd(maven, args, { timeoutMillis: DOWNLOAD_TIMEOUT_MILLIS });
    if (!succeeded) return `${before}${what} (${output})`;
    mkdirSync(path.dirname(jarDirectory()), { recursive: true });
    renameSync(jars, jarDirectory());
    return `${before}${what}`;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function jarDirectory(): string {
  return path.join(cacheDirectory(), 'kafka', VERSION);
}

function projectFile(): string {
  const dependencies = ARTIFACTS.map((artifact) => {
    const [group, name, version] = artifact.split(':');
    return `<dependency><groupId>${group}</groupId><artifactId>${name}</artifactId><version>${version}</version></dependency>`;
  });
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>asof</groupId><artifactId>kafka-jars</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>${dependencies.join('')}</dependencies>
</project>
`;
}
