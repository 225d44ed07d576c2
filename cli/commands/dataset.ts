import type { Register } from '../main.ts';
import { registerBuild, registerRebuild } from './dataset/build.ts';
import { registerDiff } from './dataset/diff.ts';
import { registerExport } from './dataset/export.ts';
import { registerList, registerShow } from './dataset/show.ts';
import { registerSplit } from './dataset/split.ts';
import { registerVerify } from './dataset/verify.ts';

export const registerDataset: Register = (program, run) => {
  const dataset = program.command('dataset').description('durable, versioned, reproducible training datasets');
  for (const register of [
    registerBuild,
    registerList,
    registerShow,
    registerDiff,
    registerSplit,
    registerExport,
    registerRebuild,
    registerVerify,
  ]) {
    register(dataset, run);
  }
};
