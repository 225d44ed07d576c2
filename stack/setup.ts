/** Run as a program: installs every component that is missing, and says nothing when nothing is. */
import { messageOf } from '../contracts/errors.ts';
import { ADDRESS_VARIABLES, COMPONENT_NAMES } from './component.ts';
import { COMPONENTS } from './components.ts';

for (const name of COMPONENT_NAMES) {
  if (process.env[ADDRESS_VARIABLES[name]] !== undefined) continue;
  try {
    await COMPONENTS[name].provide((line) => console.error(line));
  } catch (error) {
    console.error(messageOf(error));
    process.exitCode = 1;
  }
}
