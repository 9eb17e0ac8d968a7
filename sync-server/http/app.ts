import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import compression from 'compression';
import express, { type Express, type RequestHandler } from 'express';
import type { Log } from '../observability/log.ts';
import type { Metrics } from '../observability/metrics.ts';
import { mountApiDocs } from './api-docs.ts';
import { apiHeaders, pushHeaders, securityHeaders, staffHeaders } from './headers.ts';
import { type Gatekeeper, mount, mountEnd, type Route } from './routes.ts';
import type { Door } from './tracking-door.ts';

/** What the routes need. */
export interface HttpPorts {
  /** Folder of the built client. */
  readonly clientDir: string;
  /** Assets of earlier builds, for pages that are still open. */
  readonly oldAssetsDir?: string;
  readonly version: string;
  /** Rejects while the database cannot answer. */
  readonly ping: () => Promise<void>;
  readonly isDraining: () => boolean;
  readonly metrics: Metrics;
  readonly log: Log;
  /** The routes beyond health and pages, and who decides about callers. */
  readonly routes: readonly Route<never>[];
  readonly gatekeeper: Gatekeeper;
  /** The tracking API's door, asked before all else; absent where there is none. */
  readonly tracking?: Door;
  /** Folder of the API document's page; absent: none is served. */
  readonly docsDir?: string;
  /** Proxies whose word on the caller's address and protocol is taken, as Express names them; null: none. */
  readonly trustedProxies: string | null;
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
  app.get(/^\/+health$/, named('/health'), (_request, response) => {
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
  app.get(/^\/+version$/, named('/version'), (_request, response) => {
    response.type('text').send(version);
  });
}

const YEAR_S = 31_536_000;

/** Packs and weights are compressed already, or do not get smaller. */
const isText: compression.CompressionFilter = (request, response) =>
  response.getHeader('Content-Type') !== 'application/octet-stream' && compression.filter(request, response);

function client(app: Express, { clientDir, oldAssetsDir }: HttpPorts): void {
  // the app's own files alone: what an answer of the API says could be guessed from its length
  app.use(compression({ filter: isText }));
  app.use(
    '/assets',
    named('/assets'),
    express.static(join(clientDir, 'assets'), { immutable: true, maxAge: YEAR_S * 1000, index: false, fallthrough: true }),
    ...(oldAssetsDir ? [express.static(oldAssetsDir, { immutable: true, maxAge: YEAR_S * 1000, index: false, fallthrough: true })] : []),
  );
  app.use(
    named('static'),
    express.static(clientDir, {
      maxAge: 0,
      index: 'index.html',
      // a folder of packs is there, and a screen of that name
      redirect: false,
      setHeaders: (response) => response.setHeader('Cache-Control', 'no-cache'),
    }),
  );
  for (const [path, name] of [
    [/^\/dashboard(\/|$)/, 'dashboard'],
    [/^\/push\/?$/, 'push'],
  ] as const) {
    app.get(path, named(name), (_request, response) => {
      response.setHeader('Cache-Control', 'no-cache');
      response.sendFile(`${name}.html`, { root: clientDir });
    });
  }
  app.get(
    /^\/(start|study|done|review|exam|practice|progress|my-model|packs|add|storage|settings|about|sharing|privacy)(\/|$)/,
    named('page'),
    (request, response, next) => {
      if (!request.accepts('html')) return next();
      response.setHeader('Cache-Control', 'no-cache');
      response.sendFile('index.html', { root: clientDir });
    },
  );
}

/** The server's routes: health, the built client, and a plain JSON fault for all else. */
export function newApp(ports: HttpPorts): RequestListener {
  const app = express();
  app.disable('x-powered-by');
  app.set('etag', 'strong');
  if (ports.trustedProxies) app.set('trust proxy', ports.trustedProxies);
  const [page, staff, push, api] = [securityHeaders(), staffHeaders(), pushHeaders(), apiHeaders()];
  app.use(measured(ports), (request, response, next) => {
    const { path } = request;
    if (path.startsWith('/dashboard')) return staff(request, response, next);
    if (/^\/push(\/|\.html)?$/.test(path)) return push(request, response, next);
    return path.startsWith('/api/') || path.startsWith('/ajax-api/') ? api(request, response, next) : page(request, response, next);
  });
  app.use((_request, response, next) => {
    if (ports.isDraining()) response.setHeader('Connection', 'close');
    next();
  });
  health(app, ports);
  if (ports.docsDir) mountApiDocs(app, ports.version, ports.docsDir);
  mount(app, ports.routes, ports.gatekeeper);
  client(app, ports);
  mountEnd(app, ports.log);
  const { tracking } = ports;
  return tracking ? (request, response) => void (tracking(request, response) || app(request, response)) : app;
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
