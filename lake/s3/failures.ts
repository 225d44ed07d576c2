/** What an answer of S3, or the lack of one, means for the caller. */
import { AsofError, messageOf } from '../../contracts/errors.ts';

interface SdkError {
  readonly name?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

/** Answers that ask for another attempt although their status is the caller's fault. */
const PASSING_NAMES: ReadonlySet<string> = new Set([
  'RequestTimeout',
  'ConditionalRequestConflict',
  'OperationAborted',
  // the bytes were damaged on their way
  'BadDigest',
  'XAmzContentChecksumMismatch',
]);

export function statusOf(error: unknown): number | undefined {
  return (error as SdkError).$metadata?.httpStatusCode;
}

export function nameOf(error: unknown): string {
  const { name } = error as SdkError;
  return typeof name === 'string' ? name : 'Error';
}

/** Whether the same request may succeed in a moment: an overloaded or restarted server, a lost or silent connection. */
export function isPassing(error: unknown): boolean {
  if (error instanceof AsofError) return false;
  const status = statusOf(error);
  if (PASSING_NAMES.has(nameOf(error))) return true;
  // a conflict that is told without a body, as of a HEAD: those that a lake can meet pass
  if (status === 409 && nameOf(error) === 'Unknown') return true;
  if (status !== undefined && status >= 300)
    return (status >= 500 && status !== 501) || status === 429 || status === 408;
  const isOurs = error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError;
  return !isOurs && nameOf(error) !== 'CredentialsProviderError';
}

/** The project's own error. The SDK's carries signed headers and key ids, so it does not become the cause. */
export function lakeFailure(place: string, error: unknown): AsofError {
  if (error instanceof AsofError) return error;
  const problem = describeFailure(error);
  return isPassing(error)
    ? new AsofError('LAKE_UNAVAILABLE', { place, problem })
    : new AsofError('LAKE_REFUSED', { place, problem: `${problem}; ${mendOf(error)}` });
}

/** Name, status and words of a failure, without what could be a key. */
function describeFailure(error: unknown): string {
  const name = nameOf(error);
  const status = statusOf(error);
  const words = messageOf(error) === 'UnknownError' ? '' : messageOf(error);
  const head = status === undefined ? (name === 'Error' ? '' : name) : `${name} (HTTP ${status})`;
  return [head, words]
    .filter((part) => part !== '' && part !== name)
    .join(': ')
    .replaceAll(ACCESS_KEY, '***');
}

/** Ids of Amazon's keys: `AKIA…` of a user, `ASIA…` of a session. */
const ACCESS_KEY = /\bA[KS]IA[A-Z0-9]{12,}\b/g;

function mendOf(error: unknown): string {
  switch (nameOf(error)) {
    case 'NoSuchBucket':
      return 'create the bucket, or correct `lake`';
    case 'CredentialsProviderError':
      return 'give credentials as for every AWS tool: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, or a role';
    case 'PermanentRedirect':
    case 'AuthorizationHeaderMalformed':
      return 'name the region of the bucket with AWS_REGION or `s3.region`';
    case 'NotImplemented':
      return 'the server lacks an operation that a lake needs';
    default:
      return 'check the credentials, what they may do in the bucket, and S3_ENDPOINT';
  }
}
