/** A client of server-sent events, as small as a test needs. */

export interface ReceivedEvent {
  readonly id: string;
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface Events {
  readonly status: number;
  readonly headers: Headers;
  /** Comments so far. */
  readonly comments: () => number;
  /** The next event; undefined after the last. */
  next(): Promise<ReceivedEvent | undefined>;
  /** All that come until the server ends the stream. */
  rest(): Promise<readonly ReceivedEvent[]>;
  /** Leaves without a word. */
  leave(): void;
}

export async function openEvents(url: string, headers: Record<string, string> = {}): Promise<Events> {
  const left = new AbortController();
  const response = await fetch(url, { headers: { accept: 'text/event-stream', ...headers }, signal: left.signal });
  let comments = 0;
  const blocks = async function* (): AsyncGenerator<ReceivedEvent> {
    let text = '';
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk as Uint8Array, { stream: true });
      const whole = text.split('\n\n');
      text = whole.pop() ?? '';
      for (const block of whole) {
        const fields = new Map(
          block.split('\n').map((line) => [line.split(':', 1)[0]!, line.replace(/^[^:]*: ?/, '')]),
        );
        if (fields.has('')) comments += 1;
        const data = fields.get('data');
        if (data === undefined) continue;
        const read = JSON.parse(data) as ReceivedEvent['data'];
        yield { id: fields.get('id') ?? '', event: fields.get('event') ?? '', data: read };
      }
    }
    if (text !== '') throw new Error(`the stream ended in the middle of an event: ${text}`);
  };
  const events = blocks();
  const next = async (): Promise<ReceivedEvent | undefined> => {
    const one = await events.next();
    return one.done === true ? undefined : one.value;
  };
  return {
    status: response.status,
    headers: response.headers,
    comments: () => comments,
    next,
    async rest() {
      const all: ReceivedEvent[] = [];
      for (let one = await next(); one !== undefined; one = await next()) all.push(one);
      return all;
    },
    leave: () => left.abort(),
  };
}
