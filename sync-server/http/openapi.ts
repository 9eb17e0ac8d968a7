import * as z from 'zod/mini';
import type { Endpoint } from '#shared/tracking/endpoint.ts';
import { ENDPOINTS } from '#shared/tracking/endpoints.ts';
import { FILE_ENDPOINTS, type FileEndpoint } from '#shared/tracking/file-endpoints.ts';

type Json = Readonly<Record<string, unknown>>;

/** A schema as JSON Schema, as callers write it. */
const schemaOf = (schema: z.ZodMiniType): Json => {
  const { $schema: _unused, ...rest } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Json;
  return rest;
};

const jsonOf = (schema: z.ZodMiniType): Json => ({ 'application/json': { schema: schemaOf(schema) } });

const fault = {
  description: 'A refusal in MLflow’s words',
  content: {
    'application/json': {
      schema: {
        type: 'object',
        properties: { error_code: { type: 'string' }, message: { type: 'string' } },
        required: ['error_code', 'message'],
      },
    },
  },
};

function operation(name: string, method: string, { path, right, request, reply }: Endpoint): Json {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map((m) => m[1] ?? '');
  const { properties = {}, required = [] } = schemaOf(request) as { properties?: Record<string, Json>; required?: string[] };
  const isQuery = method === 'GET';
  const parameters = Object.entries(properties)
    .filter(([key]) => isQuery || inPath.includes(key))
    .map(([key, schema]) => ({
      name: key,
      in: inPath.includes(key) ? 'path' : 'query',
      required: inPath.includes(key) || required.includes(key),
      schema,
    }));
  return {
    operationId: method === 'GET' && name.startsWith('search') ? `${name}ByQuery` : name,
    summary: name.replace(/([A-Z])/g, ' $1').toLowerCase(),
    tags: [path.split('/')[2] ?? 'api'],
    'x-right': right,
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(isQuery ? {} : { requestBody: { required: true, content: jsonOf(request) } }),
    responses: { 200: { description: 'Done', content: jsonOf(reply) }, default: fault },
  };
}

function fileOperation(name: string, { summary, right, query, path }: FileEndpoint): Json {
  const inPath = path.includes('*') ? ['path'] : [...path.matchAll(/\{(\w+)\}/g)].map((m) => m[1] ?? '');
  const text = { type: 'string' };
  return {
    operationId: name,
    summary,
    tags: ['artifacts'],
    'x-right': right,
    parameters: [
      ...inPath.map((key) => ({ name: key, in: 'path', required: true, schema: text })),
      ...query.map((key) => ({ name: key, in: 'query', required: key !== 'path' || name !== 'listProxied', schema: text })),
    ],
    responses: { 200: { description: 'The file, or what was done' }, default: fault },
  };
}

/** The API document of the tracking API, OpenAPI 3.1, made of the endpoint tables: what is not in them is not served. */
export function openApiDocument(version: string): Json {
  const paths: Record<string, Record<string, Json>> = {};
  const put = (path: string, method: string, told: Json) => {
    paths[path] = { ...paths[path], [method.toLowerCase()]: told };
  };
  for (const [name, endpoint] of Object.entries(ENDPOINTS) as [string, Endpoint][])
    for (const method of endpoint.methods)
      put(`${endpoint.isRoot ? '' : '/api/2.0'}${endpoint.path}`, method, operation(name, method, endpoint));
  for (const [name, endpoint] of Object.entries(FILE_ENDPOINTS) as [string, FileEndpoint][])
    put(`${'isRoot' in endpoint ? '' : '/api/2.0'}${endpoint.path.replace('*', '{path}')}`, endpoint.method, fileOperation(name, endpoint));
  return {
    openapi: '3.1.0',
    info: {
      title: 'ExamsGraph tracking API',
      version,
      description:
        'MLflow’s REST API, and whole runs in one request. Send a token of the staff page: Bearer, or Basic with the token as password.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{ bearer: [] }, { basic: [] }],
    components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' }, basic: { type: 'http', scheme: 'basic' } } },
    paths,
  };
}
