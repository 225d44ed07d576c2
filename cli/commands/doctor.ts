import { loadSettings } from '../../definitions/loading.ts';
import { examineComponents } from '../../stack/doctor.ts';
import type { Register } from '../main.ts';
import { drawTable } from '../table.ts';

export const registerDoctor: Register = (program, run) => {
  program
    .command('doctor')
    .description('check every component that would be used, and say how to mend what is missing')
    .action(() =>
      run(async ({ terminal, directory }) => {
        const settings = await loadSettings({ directory });
        const components = await examineComponents(settings);
        const ok = components.every(({ state }) => state === 'ok');
        const mends = components.filter(({ state }) => state !== 'ok').map(({ name, mend }) => `${name}: ${mend}`);
        terminal.result({ ok, components }, [
          drawTable(
            ['component', 'state', 'detail'],
            components.map(({ name, state, detail }) => [name, state, detail]),
          ),
          ...(mends.length > 0 ? ['', 'To mend:', ...mends.map((mend) => `  ${mend}`)] : []),
        ]);
        return ok ? 0 : 1;
      }),
    );
};
