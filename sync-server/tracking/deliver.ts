import { createHmac } from 'node:crypto';
import { lookup as resolveName } from 'node:dns';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { isPublicAddress } from './addresses.ts';

/** One delivery of a webhook. */
export interface Delivery {
  readonly url: string;
  readonly secret: string | null;
  readonly deliveryId: string;
  readonly payload: string;
}

/** What came of it: a status, or why there was none. */
export interface DeliveryResult {
  readonly status: number | null;
  /** At most 64 KiB. */
  readonly body: string | null;
  readonly error: string | null;
}

/** Sends one delivery, once; never throws. */
export type Deliver = (delivery: Delivery) => Promise<DeliveryResult>;

const TIME_OUT_MS = 10_000;
const MOST_READ = 65_536;

/** The headers that sign a delivery. @param atS Unix seconds */
export function signature(secret: string, deliveryId: string, atS: number, payload: string): string {
  return `v1,${createHmac('sha256', secret).update(`${deliveryId}.${atS}.${payload}`).digest('base64')}`;
}

/** Resolves names as ever, but hands out public addresses alone: what is connected to is what was looked at, so no later answer can differ. */
export const publicLookup: LookupFunction = (hostname, options, callback) => {
  resolveName(hostname, { ...options, all: true }, (fault, addresses) => {
    if (fault) return callback(fault, '', 4);
    const [first] = addresses;
    const closed = addresses.find(({ address }) => !isPublicAddress(address));
    if (closed || !first) {
      const refusal: NodeJS.ErrnoException = new Error(
        `'${hostname}' resolves to ${closed?.address ?? 'nothing'}, which is no public address`,
      );
      return callback(refusal, '', 4);
    }
    // both shapes of the callback are in use
    if (options.all) (callback as unknown as (fault: null, all: typeof addresses) => void)(null, addresses);
    else callback(null, first.address, first.family);
  });
};

/** @param mayBePrivate in test mode alone @param nowS Unix seconds */
export function newDeliver(mayBePrivate: boolean, nowS: () => number, lookup: LookupFunction = publicLookup): Deliver {
  return ({ url, secret, deliveryId, payload }) =>
    new Promise((done) => {
      const target = new URL(url);
      const failed = (why: string) => done({ status: null, body: null, error: why });
      const host = target.hostname.replace(/^\[|\]$/g, '');
      // an address is connected to without any lookup
      if (!mayBePrivate && isIP(host) !== 0 && !isPublicAddress(host)) return failed(`${host} is no public address`);
      const at = nowS();
      const send = target.protocol === 'https:' ? httpsRequest : httpRequest;
      const request = send(
        target,
        {
          method: 'POST',
          timeout: TIME_OUT_MS,
          signal: AbortSignal.timeout(TIME_OUT_MS),
          ...(mayBePrivate ? {} : { lookup }),
          headers: {
            'Content-Type': 'application/json',
            'Content-Length': Buffer.byteLength(payload),
            'X-MLflow-Delivery-Id': deliveryId,
            'X-MLflow-Timestamp': String(at),
            ...(secret ? { 'X-MLflow-Signature': signature(secret, deliveryId, at, payload) } : {}),
          },
        },
        (response) => {
          let body = '';
          response.on('data', (chunk: Buffer) => {
            body += chunk.toString('utf8', 0, Math.min(chunk.length, MOST_READ - body.length));
            if (body.length >= MOST_READ) response.destroy();
          });
          // a redirect is an answer like any other: it is not followed
          response.on('close', () => done({ status: response.statusCode ?? null, body, error: null }));
        },
      );
      request.on('error', (cause) => failed(cause.message));
      request.end(payload);
    });
}
