import { join } from 'node:path';
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import type { Log } from '../observability/log.ts';
import type { Metrics } from '../observability/metrics.ts';
import { securityHeaders } from './headers.ts';

/** What the routes need. */
export interface HttpPorts {
  /** Folder of the built client. */
  readonly clientDir: string;
  readonly version: string;
  /** Rejects while the database cannot answer. */
  readonly ping: () => Promise<void>;
  readonly isDraining: () => boolean;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** Times every request under its route's pattern; unknown ones share `unmatched`, so that no path becomes a label. */
function measured({ metrics }: HttpPorts): RequestHandler {
  return (request, response, next) => {
    const from = performance.now();
    response.on('finish', () => {
      const route: unknown = response.locals.route;
      metrics.requestDone(
        typeof route === 'string' ? route : 'unmatched',
        request.method,
        response.statusCode,
        (performance.now() - from) / 1000,
      );
    });
    next();
  };
}

const named =
  (route: string): RequestHandler =>
  (_request, response, next) => {
    response.locals.route = route;
    next();
  };

function health(app: Express, { ping, isDraining, version }: HttpPorts): void {
  app.get('/health', named('/health'), (_request, response) => {
    response.type('text').send('OK');
  });
  app.get('/healthz', named('/healthz'), (_request, response) => {
    response.json({ alive: true });
  });
  app.get('/readyz', named('/readyz'), async (_request, response) => {
    const isReady =
      !isDraining() &&
      (await ping().then(
        () => true,
        () => false,
      ));
    response.status(isReady ? 200 : 503).json({ ready: isReady });
  });
  app.get('/version', named('/version'), (_request, response) => {
    response.type('text').send(version);
  });
}

const YEAR_S = 31_536_000;

function client(app: Express, { clientDir }: HttpPorts): void {
  app.use(
    '/assets',
    named('/assets'),
    express.static(join(clientDir, 'assets'), { immutable: true, maxAge: YEAR_S * 1000, index: false, fallthrough: true }),
  );
  app.use(
    named('static'),
    express.static(clientDir, {
      maxAge: 0,
      index: 'index.html',
      setHeaders: (response) => response.setHeader('Cache-Control', 'no-cache'),
    }),
  );
  app.get(/^\/(start|study|done|my-model|packs|settings)(\/|$)/, named('page'), (request, response, next) => {
    if (!request.accepts('html')) return next();
    response.setHeader('Cache-Control', 'no-cache');
    response.sendFile('index.html', { root: clientDir });
  });
}

/** The server's routes: health, the built client, and a plain JSON fault for all else. */
export function newApp(ports: HttpPorts): Express {
  const app = express();
  app.disable('x-powered-by');
  app.set('etag', 'strong');
  app.use(measured(ports), securityHeaders());
  app.use((_request, response, next) => {
    if (ports.isDraining()) response.setHeader('Connection', 'close');
    next();
  });
  health(app, ports);
  client(app, ports);
  app.use((_request, response) => {
    response.locals.route = 'unmatched';
    response.status(404).json({ kind: 'not-found', message: 'Nothing is here.' });
  });
  const onFault: ErrorRequestHandler = (fault: unknown, _request, response, _next) => {
    const status = fault instanceof Error && 'status' in fault && typeof fault.status === 'number' ? fault.status : 500;
    if (status >= 500) ports.log.error({ err: fault }, 'request failed');
    response.status(status).json({
      kind: status >= 500 ? 'internal' : 'bad-request',
      message: status >= 500 ? 'Something failed here.' : 'The request could not be read.',
    });
  };
  app.use(onFault);
  return app;
}

/** The scraper's own little app, on its own port. */
export function newMetricsApp(metrics: Metrics): Express {
  const app = express();
  app.disable('x-powered-by');
  app.get('/metrics', async (_request, response) => {
    response.type(metrics.contentType).send(await metrics.text());
  });
  return app;
}
