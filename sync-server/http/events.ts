import type { Response } from 'express';
import { Refusal } from '../ports/fault.ts';

const MAX_STREAMS = 12_000;
const COMMENT_EVERY_MS = 25_000;

/** Server-sent events: model and slot facts for open apps and dashboards. A missed one costs nothing: clients poll as well. */
export interface EventHub {
  /** Keep the response open as a stream. @throws Refusal 503 when there are too many */
  join(response: Response): void;
  tell(event: 'model' | 'slot', fact: Readonly<Record<string, string | number>>): void;
  /** Say goodbye and end every stream. */
  close(): void;
  count(): number;
}

/** A hub without streams yet. */
export function newEventHub(): EventHub {
  const streams = new Set<Response>();
  const timer = setInterval(() => {
    for (const stream of streams) stream.write(':\n\n');
  }, COMMENT_EVERY_MS);
  timer.unref();
  let id = 0;
  return {
    join(response) {
      if (streams.size >= MAX_STREAMS) throw new Refusal(503, 'streams', 'Too many open streams. Poll instead.', { retryAfterS: 30 });
      response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' });
      response.write('retry: 5000\n\n');
      streams.add(response);
      response.on('close', () => streams.delete(response));
    },
    tell(event, fact) {
      id++;
      for (const stream of streams) stream.write(`id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(fact)}\n\n`);
    },
    close() {
      clearInterval(timer);
      for (const stream of streams) stream.end(`retry: ${Math.floor(Math.random() * 30_000)}\nevent: bye\ndata: {}\n\n`);
    },
    count: () => streams.size,
  };
}
