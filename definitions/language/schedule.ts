import type { ScheduleOverlap } from '../../contracts/schedules.ts';
import type { Duration } from './value-types.ts';

/** When runs are due: by cron expressions, or at equal intervals from the epoch on. */
type DueTimes =
  | {
      /** Minute, hour, day of month, month and day of week, or a shorthand such as `@daily`; with several, at any of them. */
      readonly cron: string | readonly string[];
      readonly every?: never;
      readonly offset?: never;
    }
  | {
      readonly every: Duration;
      /** Puts each off within its interval. @default none */
      readonly offset?: Duration;
      readonly cron?: never;
    };

interface ScheduleRules {
  /** IANA zone of the cron expressions. @default 'UTC' */
  readonly timezone?: string;
  /** Puts each start off by a random time up to this. @default none */
  readonly jitter?: Duration;
  /** What happens to a run that is due while the one before is at work. @default what suits the work */
  readonly overlap?: ScheduleOverlap;
  /** How late a run may start that was due while Temporal was down. @default what suits the work */
  readonly catchup?: Duration;
}

/** In place of a cron expression alone. */
type ScheduleObject = DueTimes & ScheduleRules;

/** Ingestion: everything that is new, or with a `window` the rows of the time before each run alone. */
export type SourceSchedule = string | (ScheduleObject & { readonly window?: Duration });

/** Materialization of a view that is online; of others, and with a `window`, a backfill of the time before each run. */
export type ViewSchedule =
  | string
  | (ScheduleObject & {
      /** How far back each run looks; what is done already is passed over. */
      readonly window?: Duration;
      /** Length of one interval of the backfill. @default '1d' */
      readonly chunk?: Duration;
    });

/** Materialization of the online views that the service reads; with `dataset` a training dataset in its place. */
export type ServiceSchedule = string | (ScheduleObject & { readonly dataset?: ScheduledDataset });

/** A training dataset of a service's features, built at each run as a new version. */
export interface ScheduledDataset {
  /** @default the service's name */
  readonly name?: string;
  /** A file, one SELECT over the sources, or the keys at each step of the time before each run. */
  readonly spine:
    | string
    | { readonly query: string }
    | {
        readonly window: Duration;
        /** @default '1h' */
        readonly every?: Duration;
        /** File of the keys. @default all that the sources hold */
        readonly entities?: string;
      };
  /** @default false */
  readonly asKnown?: boolean;
}
