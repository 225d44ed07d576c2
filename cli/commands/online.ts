import type { Register } from '../main.ts';
import { registerRebuild } from './online/rebuild.ts';
import { registerOnlineStatus } from './online/status.ts';
import { registerVerify } from './online/verify.ts';

export const registerOnline: Register = (program, run) => {
  const online = program.command('online').description('what Redis holds: verified, made anew, listed');
  for (const register of [registerVerify, registerRebuild, registerOnlineStatus]) register(online, run);
};
