/** Which views a stream can bring rows to. */
import type { FeatureViewManifest, SourceManifest } from '../contracts/manifest.ts';

/** What is in the way, in words that follow the name of the view, and what to do; undefined when nothing is. */
export function whyNotStreamed(
  { online, rows }: Pick<FeatureViewManifest, 'online' | 'rows'>,
  source: Pick<SourceManifest, 'name' | 'kind'>,
): string | undefined {
  if (source.kind !== 'kafka') return `reads source ${source.name}, which is no topic; give it a kafkaSource`;
  if (!online) return 'is not online; declare `online: true`';
  if (rows?.kind !== 'query') return undefined;
  return 'has a query that needs all rows at once, and a stream has them one by one; select and filter them only, or use a `map`';
}
