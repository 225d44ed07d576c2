/** A whole platform behind the API: flights of ten days to ingest, and requests. */
import { startServer, type RunningServer, type ServerOptions } from '../../../api/server.ts';
import { openPlatform, type Platform } from '../workflows/platform.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Readonly<Record<string, unknown>>;
}

/** `2001-01-01` to `2001-01-10`: JFK at six, ORD at eighteen. */
export const DAYS: readonly string[] = Array.from(
  { length: 10 },
  (_, index) => `2001-01-${String(index + 1).padStart(2, '0')}`,
);

/** A platform whose source has the flights of `DAYS` to read. */
export async function openFlightsPlatform(): Promise<Platform> {
  const platform = await openPlatform();
  platform.writeInput(
    'a.csv',
    DAYS.flatMap((day, index) => [`${day}T06:00:00Z,JFK,${index}`, `${day}T18:00:00Z,ORD,${index * 10}`]),
  );
  return platform;
}

export function serve({ settings }: Platform, events: ServerOptions['events'] = {}): Promise<RunningServer> {
  return startServer(settings, { host: '127.0.0.1', port: 0, events });
}

/** A body that is text is sent as it is, and called JSON. */
export async function call(
  { url }: Pick<RunningServer, 'url'>,
  method: string,
  route: string,
  body?: string | object,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const text = typeof body === 'object' ? JSON.stringify(body) : body;
  const response = await fetch(`${url}${route}`, {
    method,
    headers: { ...(text !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(text !== undefined && { body: text }),
  });
  return { status: response.status, headers: response.headers, body: (await response.json()) as Answer['body'] };
}
