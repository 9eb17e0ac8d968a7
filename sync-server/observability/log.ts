import pino from 'pino';

/** The server's logger: JSON lines on standard error; never bodies, cookies, credentials or query strings. */
export type Log = pino.Logger;

/** @param level pino level; `silent` in tests */
export function newLog(level: string): Log {
  return pino(
    { level, base: null, redact: ['req.headers', 'authorization', 'cookie', 'body', '*.password', 'url.search'] },
    pino.destination(2),
  );
}
