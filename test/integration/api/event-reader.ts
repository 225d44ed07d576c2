/** A client of server-sent events, as small as a test needs. */

export interface ReceivedEvent {
  readonly id: string;
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface Events {
  readonly status: number;
  readonly headers: Headers;
  /** Waits for so many heartbeats, and fails when an event comes first. */
  beats(count: number): Promise<void>;
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
  const blocks = async function* (): AsyncGenerator<ReceivedEvent | 'beat'> {
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
        if (fields.has('')) yield 'beat';
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
    for (;;) {
      const one = await events.next();
      if (one.done === true) return undefined;
      if (one.value !== 'beat') return one.value;
    }
  };
  return {
    status: response.status,
    headers: response.headers,
    async beats(count) {
      for (let beat = 0; beat < count; beat++) {
        const { value } = (await events.next()) as { value: ReceivedEvent | 'beat' | undefined };
        if (value !== 'beat') throw new Error(`instead of a heartbeat came ${JSON.stringify(value)}`);
      }
    },
    next,
    async rest() {
      const all: ReceivedEvent[] = [];
      for (let one = await next(); one !== undefined; one = await next()) all.push(one);
      return all;
    },
    leave: () => left.abort(),
  };
}
