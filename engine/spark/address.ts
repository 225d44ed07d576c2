/** Where a Spark Thrift server answers: `thrift://[user[:password]@]host[:port]`. */
import { AsofError } from '../../contracts/errors.ts';

export interface SparkAddress {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** For messages: without the password. */
  readonly shown: string;
}

const DEFAULT_PORT = 10_000;
/** Without authentication the server takes any name and any password, but no empty one. */
const ANYBODY = 'asof';

/** Throws `USAGE` for text that is no such address. */
export function parseSparkUrl(url: string): SparkAddress {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol !== 'thrift:' || parsed.hostname === '') {
    const shown = withoutPassword(url);
    throw new AsofError('USAGE', { problem: `the Spark address is "${shown}"; write thrift://host:10000` });
  }
  const port = parsed.port === '' ? DEFAULT_PORT : Number(parsed.port);
  return {
    host: parsed.hostname.replace(/^\[(.*)\]$/, '$1'),
    port,
    user: decodeURIComponent(parsed.username) || ANYBODY,
    password: decodeURIComponent(parsed.password) || ANYBODY,
    shown: `thrift://${parsed.hostname}:${port}`,
  };
}

function withoutPassword(url: string): string {
  return url.replace(/\/\/[^@/]*@/, '//');
}
