/** The embedded S3 server: asked for, found again, and used by a lake that names no other. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ProcessName, Settings } from '../../../contracts/config.ts';
import { openLake } from '../../../lake/open.ts';
import { readStack, startStack, stopStack } from '../../../stack/dev.ts';
import { examineComponents } from '../../../stack/doctor.ts';
import { findRunning, readRecords } from '../../../stack/run-records.ts';
import { withComponents } from '../../../stack/with-components.ts';
import { settingsFor } from '../../support/settings.ts';

let root: string;
let settings: Settings;

beforeEach(() => {
  // whoever runs the tests may have a way into Amazon's
  for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_PROFILE']) vi.stubEnv(name, undefined);
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/dev/null').stubEnv('AWS_CONFIG_FILE', '/dev/null');
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
  root = mkdtempSync(path.join(tmpdir(), 'asof-s3-stack-'));
  const directory = path.join(root, ...Array<string>(6).fill('a folder with a long name'));
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  settings = settingsFor(directory, { lake: 's3://warehouse/features' });
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await stopStack(settings);
  rmSync(root, { recursive: true });
});

const start = (given = settings, processes: readonly ProcessName[] = ['redis']) =>
  startStack(given, { processes, with: ['s3'] });

const lakeFinding = async () => (await examineComponents(settings)).find(({ name }) => name === 'lake');

describe('startStack with S3', () => {
  it('starts a server with the bucket of the lake and keys of its own, and tells where', async () => {
    const stack = await start();
    expect(stack.s3).toEqual({
      endpoint: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) as string,
      bucket: 'warehouse',
    });
    expect(stack.processes.map(({ name }) => name).sort()).toEqual(['redis', 's3']);
    expect(readStack(settings)).toEqual(stack);
    const credentials = path.join(settings.stateDirectory, 's3', 'credentials');
    expect(statSync(credentials).mode & 0o077).toBe(0);
    const secret = /aws_secret_access_key = (\S+)/.exec(readFileSync(credentials, 'utf8'))![1]!;
    expect(
      JSON.stringify([stack, readRecords(settings.stateDirectory), await examineComponents(settings)]),
    ).not.toContain(secret);
    expect(await lakeFinding()).toMatchObject({
      state: 'ok',
      detail: expect.stringContaining('reachable, conditional puts honoured') as string,
    });
  });

  it('has a bucket to try things out in when the lake stands elsewhere', async () => {
    const stack = await start(settingsFor(settings.projectDirectory));
    expect(stack.s3).toMatchObject({ bucket: 'asof' });
  });

  it('keeps the objects over a stop, and a command that needs the lake starts it again', async () => {
    await start();
    await withComponents(settings, ['redis'], async (connected) => {
      await (await openLake(connected)).write('a/kept', Buffer.from('yes'));
    });
    expect(await stopStack(settings)).toEqual(['redis', 's3']);
    expect(await lakeFinding()).toMatchObject({ state: 'ok', detail: expect.stringContaining('embedded') as string });
    await withComponents(settings, ['redis'], async (connected) => {
      expect(findRunning(settings.stateDirectory, 's3')).toMatchObject({ owner: 'command' });
      expect(Buffer.from(await (await openLake(connected)).read('a/kept')).toString()).toBe('yes');
    });
    expect(findRunning(settings.stateDirectory, 's3')).toBeUndefined();
  });

  it('says what is wrong with a lake that cannot be used', async () => {
    expect(await lakeFinding()).toMatchObject({ state: 'broken' });
    const { s3 } = await start();
    const nowhere = { ...settings, lake: 's3://elsewhere/features' };
    const findings = await examineComponents(nowhere);
    expect(findings.find(({ name }) => name === 'lake')).toMatchObject({
      state: 'broken',
      detail: expect.stringMatching(/^s3:\/\/elsewhere\/features at .*NoSuchBucket/) as string,
    });
    await expect(
      (await openLake({ ...nowhere, s3: { ...settings.s3, endpoint: s3!.endpoint } })).stat('a'),
    ).rejects.toMatchObject({
      code: 'LAKE_REFUSED',
    });
  });
});
