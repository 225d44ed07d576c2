import type {
  EntityManifest,
  FeatureViewManifest,
  SourceManifest,
  StoredSourceManifest,
  ViewManifest,
} from '../../contracts/manifest.ts';
import { formatDuration } from '../../contracts/time.ts';
import { storedType } from '../../contracts/values.ts';

interface Typed {
  readonly name: string;
  readonly type: string;
}

/** What a change of an entity takes from those who use it. */
export function findEntityLosses(before: EntityManifest, after: EntityManifest): readonly string[] {
  const [left, right] = [before, after].map(({ keys }) => keys.map(({ name, type }) => `${name} ${type}`).join(', '));
  return left === right ? [] : [`entity ${before.name}: its keys change from (${left}) to (${right})`];
}

/** What a change of a source makes unreadable of the rows that are stored already. */
export function findSourceLosses(before: SourceManifest, after: SourceManifest): readonly string[] {
  const place = `source ${before.name}`;
  const columns = lossesOfColumns(before, after, place);
  if (before.kind === 'request' || after.kind === 'request') {
    return before.kind === after.kind ? columns : [...columns, `${place}: its kind changes`];
  }
  const rules = (['timestamp', 'created', 'timezone', 'eventId', 'operation'] as const).filter((rule) =>
    losesRule(before, after, rule),
  );
  return [
    ...columns,
    ...rules.map((rule) => `${place}: ${rule} changes from ${before[rule]} to ${after[rule]}`),
    ...lossesOfRetention(before, after, place),
  ];
}

/** Rows that the next `maintain` would delete and the one before would not have. */
function lossesOfRetention(
  before: StoredSourceManifest,
  after: StoredSourceManifest,
  place: string,
): readonly string[] {
  const next = after.retentionMicros;
  if (next === undefined || next >= (before.retentionMicros ?? Infinity)) return [];
  return [`${place}: \`asof maintain\` will delete rows whose event is older than ${formatDuration(next)}`];
}

/** What a change of a view takes from those who read it. */
export function findViewLosses(before: ViewManifest, after: ViewManifest): readonly string[] {
  const place = `view ${before.name}`;
  if (before.kind !== after.kind) return [`${place}: it changes from a ${before.kind} to a ${after.kind} view`];
  const features = lossesByName('feature', valueTypes(before), valueTypes(after), place);
  if (before.kind !== 'feature' || after.kind !== 'feature') return features;
  return [...features, ...lossesOfStores(before, after, place)];
}

/** The first rule given later adds meaning; one that changes or goes leaves stored rows with the old one. */
function losesRule(
  before: StoredSourceManifest,
  after: StoredSourceManifest,
  rule: 'timestamp' | 'created' | 'timezone' | 'eventId' | 'operation',
): boolean {
  return before[rule] !== null && before[rule] !== after[rule];
}

function lossesOfStores(before: FeatureViewManifest, after: FeatureViewManifest, place: string): readonly string[] {
  const [left, right] = [before, after].map(({ keys }) => keys.map(({ name, type }) => `${name} ${type}`).join(', '));
  return [
    ...(left === right ? [] : [`${place}: its keys change from (${left}) to (${right})`]),
    ...(before.online && !after.online ? [`${place}: it is no longer served online`] : []),
    ...(before.offline && !after.offline ? [`${place}: it is no longer kept offline`] : []),
  ];
}

/**
 * Stored values are never changed, they are read as the definitions say: an integer that is a float from now on is read as one,
 * and exactly by older versions. A column under another name is another one.
 */
function lossesOfColumns(before: SourceManifest, after: SourceManifest, place: string): readonly string[] {
  return before.columns.flatMap((column) => {
    const { name } = column;
    const next = after.columns.find((one) => one.name === name);
    if (next === undefined) {
      const renamed = after.columns.find(
        (one) => one.from === column.from && before.columns.every((other) => other.name !== one.name),
      );
      if (renamed === undefined) return [`${place}: column ${name} is removed`];
      return [`${place}: column ${name} becomes ${renamed.name}, which is null in rows that are stored already`];
    }
    const [left, right] = [storedType(column.type), storedType(next.type)];
    if (left === right || (left === 'int64' && right === 'float64')) return [];
    return [`${place}: column ${name} changes from ${left} to ${right}`];
  });
}

function lossesByName(
  word: string,
  before: readonly Typed[],
  after: readonly Typed[],
  place: string,
): readonly string[] {
  return before.flatMap(({ name, type }) => {
    const next = after.find((one) => one.name === name);
    if (next === undefined) return [`${place}: ${word} ${name} is removed`];
    return next.type === type ? [] : [`${place}: ${word} ${name} changes from ${type} to ${next.type}`];
  });
}

function valueTypes(view: ViewManifest): readonly Typed[] {
  return view.features.map(({ name, valueType }) => ({ name, type: valueType }));
}
