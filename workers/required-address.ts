import { AsofError } from '../contracts/errors.ts';

/** The address of a component, once the embedded ones are resolved. Throws `CONFIG_INVALID` for null. */
export function requireAddress(address: string | null, variable: string): string {
  if (address !== null) return address;
  throw new AsofError('CONFIG_INVALID', { file: 'worker', problem: `no address is given; set ${variable}` });
}
