import type { Register } from '../main.ts';
import { registerCheck } from './consistency/check.ts';
import { registerShow } from './consistency/show.ts';

export const registerConsistency: Register = (program, run) => {
  const consistency = program.command('consistency').description('served values beside those that the lake gives');
  for (const register of [registerCheck, registerShow]) register(consistency, run);
};
