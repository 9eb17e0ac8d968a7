import type { RequestHandler } from 'express';
import helmet from 'helmet';

type Directives = Readonly<Record<string, readonly string[]>>;

const PAGES: Directives = {
  defaultSrc: ["'none'"],
  scriptSrc: ["'self'", "'wasm-unsafe-eval'"],
  workerSrc: ["'self'"],
  styleSrc: ["'self'"],
  imgSrc: ["'self'", 'blob:'],
  fontSrc: ["'self'"],
  connectSrc: ["'self'"],
  manifestSrc: ["'self'"],
  baseUri: ["'none'"],
  objectSrc: ["'none'"],
  formAction: ["'self'"],
  frameAncestors: ["'none'"],
  requireTrustedTypesFor: ["'script'"],
  trustedTypes: ['examsgraph', 'dompurify'],
};

function headers(directives: Directives): RequestHandler {
  return helmet({
    contentSecurityPolicy: { useDefaults: false, directives: Object.fromEntries(Object.entries(directives).map(([k, v]) => [k, [...v]])) },
    crossOriginOpenerPolicy: { policy: 'same-origin' },
    crossOriginResourcePolicy: { policy: 'same-origin' },
    crossOriginEmbedderPolicy: false,
    referrerPolicy: { policy: 'no-referrer' },
    strictTransportSecurity: false,
    xFrameOptions: { action: 'deny' },
  });
}

/** Security headers of the learner's pages; HSTS and upgrades belong to whoever terminates TLS. */
export function securityHeaders(): RequestHandler {
  return headers(PAGES);
}

/** The page from which a learner sends their log to a server they name: encrypted, or on their own machine. */
export function pushHeaders(): RequestHandler {
  const here = ['localhost', '127.0.0.1'].map((host) => `http://${host}:*`);
  return headers({ ...PAGES, scriptSrc: ["'self'"], workerSrc: ["'none'"], connectSrc: ["'self'", 'https:', ...here] });
}

/** Staff pages run no WebAssembly. */
export function staffHeaders(): RequestHandler {
  return headers({ ...PAGES, scriptSrc: ["'self'"] });
}

/** Answers that are data: nothing in them may run. */
export function apiHeaders(): RequestHandler {
  return headers({ defaultSrc: ["'none'"], frameAncestors: ["'none'"], sandbox: [] });
}
