import type { Register } from '../main.ts';
import { registerControl } from './schedule/control.ts';
import { registerSet } from './schedule/set.ts';
import { registerList, registerShow } from './schedule/show.ts';

export const registerSchedule: Register = (program, run) => {
  const schedule = program.command('schedule').description('work that Temporal starts by the clock');
  for (const register of [registerSet, registerList, registerShow, registerControl]) register(schedule, run);
};
