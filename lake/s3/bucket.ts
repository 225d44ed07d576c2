/** Objects below one prefix of one bucket: every request with a deadline and bounded retries. */
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type GetObjectCommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { FileFacts } from '../durable-file.ts';
import type { S3Address } from './address.ts';
import { lakeFailure, nameOf, statusOf } from './failures.ts';
import { Gate } from '../gate.ts';
import { withRetries, type Patience } from './retries.ts';

/** The object's SHA-256 in hex stands beside it under this name. */
export const CHECKSUM_METADATA = 'asof-sha256';

/** Requests at once, downloads included. */
const REQUESTS = 32;

export interface StoredObject {
  readonly bytes: number;
  readonly modifiedMillis: number;
  readonly etag: string;
  /** Undefined for an object that something else than Asof wrote. */
  readonly checksum: string | undefined;
}

/** On what an object is written: that the name is free, or that it holds what the entity tag says. */
export type PutCondition = { readonly IfNoneMatch: '*' } | { readonly IfMatch: string };

export const NAME_IS_FREE: PutCondition = { IfNoneMatch: '*' };

/** A request of the SDK, made anew for each attempt. */
export type Sending<T> = (client: S3Client, options: { readonly abortSignal: AbortSignal }) => Promise<T>;

export class Bucket {
  readonly address: S3Address;
  readonly patience: Patience;
  readonly #client: S3Client;
  readonly #gate = new Gate(REQUESTS);
  #reached: Promise<void> | undefined;

  constructor(client: S3Client, address: S3Address, patience: Patience) {
    this.#client = client;
    this.address = address;
    this.patience = patience;
  }

  /** Bucket and key of a path, as the SDK's commands take them. */
  at(path: string): { readonly Bucket: string; readonly Key: string } {
    const { bucket, prefix } = this.address;
    return { Bucket: bucket, Key: prefix === '' ? path : `${prefix}/${path}` };
  }

  /** Sends with retries. Throws what the SDK throws, for callers to whom some failures are answers. */
  async send<T>(sending: Sending<T>): Promise<T> {
    return withRetries(this.patience, () => this.sendOnce(sending));
  }

  /** One attempt, with its deadline. */
  sendOnce<T>(sending: Sending<T>): Promise<T> {
    return this.#gate.through(async () => {
      // not AbortSignal.timeout: its timer does not keep the process alive while it waits for the answer
      const control = new AbortController();
      const timer = setTimeout(() => control.abort(), this.patience.deadlineMillis);
      try {
        return await sending(this.#client, { abortSignal: control.signal });
      } finally {
        clearTimeout(timer);
      }
    });
  }

  /** Undefined when there is no such object. */
  async head(path: string): Promise<StoredObject | undefined> {
    const command = new HeadObjectCommand(this.at(path));
    try {
      const found = await this.send((client, options) => client.send(command, options));
      return {
        bytes: found.ContentLength ?? 0,
        modifiedMillis: found.LastModified?.getTime() ?? 0,
        etag: found.ETag ?? '',
        checksum: found.Metadata?.[CHECKSUM_METADATA],
      };
    } catch (error) {
      if (statusOf(error) !== 404) throw lakeFailure(path, error);
      await this.#reach();
      return undefined;
    }
  }

  /** An answer without a body cannot tell a missing object from a missing bucket: asked once, in a form that can. */
  #reach(): Promise<void> {
    this.#reached ??= this.reach().catch((error: unknown) => {
      this.#reached = undefined;
      throw error;
    });
    return this.#reached;
  }

  /** Throws `LAKE_REFUSED` or `LAKE_UNAVAILABLE` unless the bucket can be listed. */
  async reach(): Promise<void> {
    const { Bucket: bucket, Key: prefix } = this.at('');
    const command = new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, MaxKeys: 1 });
    try {
      await this.send((client, options) => client.send(command, options));
    } catch (error) {
      throw lakeFailure(`s3://${bucket}`, error);
    }
  }

  /** Starts a download from `offset` on; undefined when there is no such object. `etag` pins what is read on. */
  async open(path: string, offset: number, etag: string | undefined): Promise<GetObjectCommandOutput | undefined> {
    const command = new GetObjectCommand({
      ...this.at(path),
      ...(offset > 0 && { Range: `bytes=${offset}-`, IfMatch: etag }),
    });
    try {
      return await this.sendOnce((client, options) => client.send(command, options));
    } catch (error) {
      if (nameOf(error) === 'NoSuchKey') return undefined;
      throw error;
    }
  }

  /** Writes the object by one request. False when the condition does not hold: an earlier attempt may have succeeded. */
  async put(path: string, body: Uint8Array, { checksum }: FileFacts, condition: PutCondition): Promise<boolean> {
    const command = new PutObjectCommand({
      ...this.at(path),
      ...condition,
      Body: body,
      Metadata: { [CHECKSUM_METADATA]: checksum },
    });
    try {
      await this.send((client, options) => client.send(command, options));
      return true;
    } catch (error) {
      if (statusOf(error) === 412 || (statusOf(error) === 404 && nameOf(error) === 'NoSuchKey')) return false;
      throw lakeFailure(path, error);
    }
  }

  /** In the order of the server: byte order of the keys. */
  async *list(
    prefix: string,
  ): AsyncGenerator<{ readonly path: string; readonly bytes: number; readonly modifiedMillis: number }> {
    const { Bucket: bucket, Key: start } = this.at(prefix);
    const cut = this.at('').Key.length;
    let token: string | undefined;
    do {
      const command = new ListObjectsV2Command({ Bucket: bucket, Prefix: start, ContinuationToken: token });
      const page = await this.send((client, options) => client.send(command, options)).catch((error: unknown) => {
        throw lakeFailure(`s3://${bucket}/${start}`, error);
      });
      for (const { Key: key = '', Size: bytes = 0, LastModified: modified } of page.Contents ?? []) {
        // a name that ends with a slash stands for a folder in some tools
        if (!key.endsWith('/')) yield { path: key.slice(cut), bytes, modifiedMillis: modified?.getTime() ?? 0 };
      }
      token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
  }

  async remove(path: string): Promise<void> {
    const command = new DeleteObjectCommand(this.at(path));
    try {
      await this.send((client, options) => client.send(command, options));
    } catch (error) {
      if (nameOf(error) !== 'NoSuchKey') throw lakeFailure(path, error);
    }
  }
}
