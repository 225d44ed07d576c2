import { cp, mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { AsofError } from '../../contracts/errors.ts';
import type { Register } from '../main.ts';

const TEMPLATE = path.resolve(import.meta.dirname, '../template');

export const registerInit: Register = (program, run) => {
  program
    .command('init')
    .description('write a small working project')
    .argument('<dir>', 'an empty or new directory')
    .action((directory: string) =>
      run(async ({ terminal }) => {
        const target = path.resolve(directory);
        await mkdir(target, { recursive: true });
        const present = await readdir(target);
        if (present.length > 0) {
          throw new AsofError('USAGE', { problem: `${target} is not empty; name a new directory` });
        }
        await cp(TEMPLATE, target, { recursive: true });
        // written here, since npm leaves files of this name out of packages
        await writeFile(path.join(target, '.gitignore'), '.asof/\n');
        const files = (await readdir(target, { recursive: true, withFileTypes: true }))
          .filter((entry) => entry.isFile())
          .map((entry) => path.relative(target, path.join(entry.parentPath, entry.name)))
          .sort();
        terminal.result({ directory: target, files }, [
          `A project is in ${target}:`,
          ...files.map((file) => `  ${file}`),
          '',
          `Next: asof -C ${directory} dev --detach, then asof -C ${directory} apply --yes`,
        ]);
      }),
    );
};
