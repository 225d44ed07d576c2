/**
 * Run as a program: installs every component that is missing, and those extra ones that the arguments name; says nothing when
 * nothing is missing.
 */
import { messageOf } from '../contracts/errors.ts';
import { ADDRESS_VARIABLES, COMPONENT_NAMES, EXTRA_COMPONENT_NAMES } from './component.ts';
import { COMPONENTS } from './components.ts';

const extras = EXTRA_COMPONENT_NAMES.filter((name) => process.argv.includes(name));
for (const name of [...COMPONENT_NAMES, ...extras]) {
  if (process.env[ADDRESS_VARIABLES[name]] !== undefined) continue;
  try {
    await COMPONENTS[name].provide((line) => console.error(line));
  } catch (error) {
    console.error(messageOf(error));
    process.exitCode = 1;
  }
}
