import type { Register } from '../main.ts';
import { registerDrop } from './quarantine/drop.ts';
import { registerList } from './quarantine/list.ts';
import { registerReplay } from './quarantine/replay.ts';
import { registerShow } from './quarantine/show.ts';

export const registerQuarantine: Register = (program, run) => {
  const quarantine = program.command('quarantine').description('rows that were set aside because they broke a rule');
  for (const register of [registerList, registerShow, registerReplay, registerDrop]) register(quarantine, run);
};
