import { createServer, type RequestListener, type Server } from 'node:http';

/** A port wanted: the default may give way to the next free one, an explicit one may not. */
export interface WantedPort {
  readonly name: string;
  readonly port: number;
  readonly isExplicit: boolean;
}

const TRIES = 50;

function tryListen(app: RequestListener, host: string, port: number): Promise<Server> {
  return new Promise((done, failed) => {
    const server = createServer(app).listen(port, host);
    server.once('listening', () => done(server));
    server.once('error', failed);
  });
}

/** Listen on loopback. @throws Error with one plain sentence if an explicit port is taken */
export async function listen(app: RequestListener, host: string, { name, port, isExplicit }: WantedPort): Promise<Server> {
  for (let offset = 0; offset < TRIES; offset++) {
    try {
      const server = await tryListen(app, host, port === 0 ? 0 : port + offset);
      server.headersTimeout = 10_000;
      // Time for a large artifact over a slow line; a line on which nothing moves is cut off sooner.
      server.requestTimeout = 600_000;
      server.timeout = 60_000;
      server.keepAliveTimeout = 65_000;
      return server;
    } catch (cause) {
      const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
      if (code !== 'EADDRINUSE') throw cause;
      if (isExplicit) throw new Error(`${name} ${port} is taken by another program. Choose another, or leave it out.`);
    }
  }
  throw new Error(`no free port from ${port} on`);
}

/** The port a server got. */
export function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
}
