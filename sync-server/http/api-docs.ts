import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Express, RequestHandler } from 'express';
import { staffHeaders } from './headers.ts';
import { openApiDocument } from './openapi.ts';

/**
 * The API document and a page that lists and tries its routes, served whole from here: no network is needed. They say nothing secret.
 *
 * @param folder of the page's files
 */
export function mountApiDocs(app: Express, version: string, folder: string): void {
  const text = (name: string) => readFileSync(join(folder, name), 'utf8');
  const headers = staffHeaders();
  const named =
    (route: string): RequestHandler =>
    (_request, response, next) => {
      response.locals.route = route;
      response.setHeader('Cache-Control', 'no-cache');
      next();
    };
  const document = JSON.stringify(openApiDocument(version));
  const pages: readonly (readonly [path: string, type: string, text: string])[] = [
    ['/api/openapi.json', 'json', document],
    ['/api/docs', 'html', text('page.html')],
    ['/api/docs/page.css', 'css', text('page.css')],
    ['/api/docs/page.js', 'js', text('page.js')],
  ];
  for (const [path, type, body] of pages)
    app.get(path, named(path), headers, (_request, response) => {
      response.type(type).send(body);
    });
}
