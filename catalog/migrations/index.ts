/**
 * All formats of the catalog, in the order in which they came to be. A migration that a catalog may have seen never changes and
 * never moves; a new one is appended.
 */
import { initial } from './0001-initial.ts';
import { storageUpkeep } from './0002-storage-upkeep.ts';
import { datasetSplits } from './0003-dataset-splits.ts';
import { fits } from './0004-fits.ts';
import { activeWork } from './0005-active-work.ts';
import { lateRows } from './0006-late-rows.ts';
import { freshness } from './0007-freshness.ts';
import { topicRanges } from './0008-topic-ranges.ts';
import { streamed } from './0009-streamed.ts';
import { consistency } from './0010-consistency.ts';
import { databaseReads } from './0011-database-reads.ts';
import { statistics } from './0012-statistics.ts';
import { quarantineEnds } from './0013-quarantine-ends.ts';

/** The statements that make format `index + 1` from the one before. */
export const MIGRATIONS: readonly (readonly string[])[] = [
  initial,
  storageUpkeep,
  datasetSplits,
  fits,
  activeWork,
  lateRows,
  freshness,
  topicRanges,
  streamed,
  consistency,
  databaseReads,
  statistics,
  quarantineEnds,
];

/** The format that this code reads and writes. */
export const FORMAT_VERSION = MIGRATIONS.length;
