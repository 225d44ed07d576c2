/** Names that somebody may have meant: for error messages about unknown names and options. */

const SHOWN = 5;
const MOST_EDITS = 4;

/**
 * The candidates that are a few edits away from the name (Damerau-Levenshtein, ignoring case; at most four, and a third of
 * the name), or that contain it; nearest first, then alphabetical, five at most.
 */
export function closestNames(name: string, candidates: Iterable<string>): readonly string[] {
  const wanted = name.toLowerCase();
  const limit = Math.min(MOST_EDITS, Math.max(1, Math.floor(wanted.length / 3)));
  return [...new Set(candidates)]
    .map((candidate) => ({ candidate, distance: distanceOf(wanted, candidate.toLowerCase(), limit) }))
    .filter(({ distance }) => distance <= limit)
    .sort((a, b) => a.distance - b.distance || (a.candidate < b.candidate ? -1 : 1))
    .slice(0, SHOWN)
    .map(({ candidate }) => candidate);
}

/** The close candidates, or the first few of all when none is close: what an error lists as known. */
export function suggestNames(name: string, candidates: Iterable<string>): readonly string[] {
  const all = [...new Set(candidates)].sort();
  const close = closestNames(name, all);
  if (close.length > 0) return close;
  if (all.length === 0) return ['none'];
  return all.length > 2 * SHOWN ? [...all.slice(0, 2 * SHOWN), '…'] : all;
}

function distanceOf(wanted: string, candidate: string, limit: number): number {
  const distance = editDistance(wanted, candidate);
  return wanted.length > 2 && candidate.includes(wanted) ? Math.min(distance, limit) : distance;
}

/** Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours. */
function editDistance(a: string, b: string): number {
  let beforePrevious: readonly number[] = [];
  let previous: readonly number[] = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const cost = a[row - 1] === b[column - 1] ? 0 : 1;
      let best = Math.min(previous[column]! + 1, current[column - 1]! + 1, previous[column - 1]! + cost);
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        best = Math.min(best, beforePrevious[column - 2]! + 1);
      }
      current.push(best);
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[b.length]!;
}
