/** Files as bytes: their checksum, and that they survive a power cut. */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';

export interface FileFacts {
  readonly bytes: number;
  /** Hex SHA-256. */
  readonly checksum: string;
}

const CHUNK_BYTES = 1 << 20;

/** Reads a file once, in constant memory. With `sync` its bytes are on the disk when the call returns. */
export async function fileFacts(file: string, options: { readonly sync?: boolean } = {}): Promise<FileFacts> {
  const handle = await open(file);
  try {
    if (options.sync === true) await handle.sync();
    const hash = createHash('sha256');
    let bytes = 0;
    for await (const chunk of handle.createReadStream({ highWaterMark: CHUNK_BYTES, autoClose: false })) {
      hash.update(chunk as Buffer);
      bytes += (chunk as Buffer).length;
    }
    return { bytes, checksum: hash.digest('hex') };
  } finally {
    await handle.close();
  }
}

/** Makes the names in a directory durable. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
