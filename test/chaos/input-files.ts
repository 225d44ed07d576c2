/**
 * The model of what goes in: the files of the source and, for every version of a file that ever was, its rows. The catalog says which
 * versions a snapshot holds; what they held is known here alone.
 */
import { createHash } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ACCOUNTS, DAY_MILLIS, DAYS, FIRST_DAY } from './definitions.ts';
import type { Dice } from './dice.ts';

export interface InputRow {
  readonly happenedMillis: number;
  /** Null rows are set aside by the source's rule. */
  readonly name: string | null;
  readonly amount: number;
}

export interface InputFiles {
  /** Adds a file of new rows, or of late ones, or changes one; says what it did, as the others do. */
  change(): string;
  /** Adds a file of new rows. */
  add(): string;
  /** Adds a file of rows of any day so far. */
  addLate(): string;
  /** Puts other rows in place of some of those of a file that is there. */
  replace(): string;
  /** The rows of a version of a file, in their order. Throws for one that never was. */
  rowsOf(checksum: string): readonly InputRow[];
  /** Path to checksum, of the files as they are. */
  current(): ReadonlyMap<string, string>;
}

const ROWS = 40;
/** Instants are whole hours: several rows of a key at one instant are common. */
const HOUR_MILLIS = 3_600_000;

export function openInputFiles(directory: string, dice: Dice): InputFiles {
  const versions = new Map<string, readonly InputRow[]>();
  const current = new Map<string, string>();
  let files = 0;
  let amounts = 0;
  let newestDay = 1;

  const drawRows = (fromDay: number, toDay: number): InputRow[] =>
    Array.from({ length: 1 + dice.integer(ROWS) }, () => ({
      happenedMillis: FIRST_DAY + fromDay * DAY_MILLIS + dice.integer((toDay - fromDay) * 24) * HOUR_MILLIS,
      name: dice.happens(0.05) ? null : dice.pick(ACCOUNTS.slice(0, -1)),
      amount: ++amounts,
    }));

  const write = (file: string, rows: readonly InputRow[]): void => {
    const text = `happened,name,amount\n${rows.map(lineOf).join('\n')}\n`;
    // as a careful producer does it: a reader sees the old file or the new one
    writeFileSync(`${file}.part`, text);
    renameSync(`${file}.part`, file);
    const checksum = createHash('sha256').update(text).digest('hex');
    versions.set(checksum, rows);
    current.set(file, checksum);
  };

  const newFile = (): string => path.join(directory, `${String(++files).padStart(4, '0')}.csv`);

  const add = (): string => {
    newestDay = Math.min(DAYS, newestDay + 1);
    const file = newFile();
    write(file, drawRows(Math.max(0, newestDay - 2), newestDay));
    return `new ${path.basename(file)}`;
  };
  const addLate = (): string => {
    const file = newFile();
    write(file, drawRows(0, newestDay));
    return `late rows in ${path.basename(file)}`;
  };
  const replace = (): string => {
    const file = dice.pick([...current.keys()]);
    const kept = versions.get(current.get(file)!)!.filter(() => dice.happens(0.7));
    write(file, [...kept, ...drawRows(0, newestDay)]);
    return `changed ${path.basename(file)}`;
  };

  return {
    add,
    addLate,
    replace,
    change() {
      if (current.size === 0 || dice.happens(0.4)) return add();
      return dice.happens(0.5) ? replace() : addLate();
    },
    rowsOf(checksum) {
      const rows = versions.get(checksum);
      if (rows === undefined) throw new Error(`the catalog names an input that never was: ${checksum}`);
      return rows;
    },
    current: () => current,
  };
}

function lineOf({ happenedMillis, name, amount }: InputRow): string {
  const quoted = name === null ? '' : `"${name.replaceAll('"', '""')}"`;
  return `${new Date(happenedMillis).toISOString()},${quoted},${amount}`;
}
