/** Options that describe a definition and change nothing about its values. */
export interface MetadataOptions {
  readonly description?: string;
  readonly owner?: string;
  readonly tags?: readonly string[];
}
