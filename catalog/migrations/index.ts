/** All formats of the catalog in order. A migration that was released never changes; a new one is appended. */
import { initial } from './0001-initial.ts';
import { storageUpkeep } from './0004-storage-upkeep.ts';

/** The statements that make format `index + 1` from the one before. */
export const MIGRATIONS: readonly (readonly string[])[] = [initial, storageUpkeep];

/** The format that this code reads and writes. */
export const FORMAT_VERSION = MIGRATIONS.length;
