/** What the file system says when it refuses. */

/** `ENOENT` and its like; undefined for any other error. */
export function codeOf(error: unknown): unknown {
  return (error as { readonly code?: unknown }).code;
}

/** Undefined for what does not exist. */
export async function ifPresent<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
