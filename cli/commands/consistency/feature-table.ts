import { equalShare, type FeatureConsistency } from '../../../contracts/consistency.ts';
import { drawTable, formatCount } from '../../table.ts';

export function drawFeatures(features: readonly FeatureConsistency[]): string {
  return drawTable(
    ['view', 'feature', 'equal', 'different', 'late', 'unsettled', 'unavailable', 'denied', 'share equal'],
    features.map((one) => [
      ...[one.view, one.feature],
      ...[one.equal, one.different, one.late, one.unsettled, one.unavailable, one.denied].map(formatCount),
      shareText(equalShare(one)),
    ]),
  );
}

/** Never rounded up to all of them. */
function shareText(share: number | null): string {
  if (share === null) return '';
  return share === 1 ? '100 %' : `${(Math.floor(share * 10_000) / 100).toFixed(2)} %`;
}
