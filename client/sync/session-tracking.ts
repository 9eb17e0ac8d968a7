import { StaffFault } from '#client/ports/staff-api.ts';
import { type TrackingClient, trackingClient } from '#shared/tracking/client.ts';

/** The tracking API as a signed-in member of staff: below `/ajax-api`, where the session's cookie counts. */
export function sessionTracking(): TrackingClient {
  return trackingClient({
    async send({ method, path, body }) {
      const response = await fetch(path.replace(/^\/api\/2\.0\//, '/ajax-api/2.0/'), {
        method,
        cache: 'no-store',
        ...(body === undefined ? {} : { body, headers: { 'Content-Type': 'application/json' } }),
      }).catch(() => {
        throw new StaffFault('offline', 'The server cannot be reached.');
      });
      const after = response.headers.get('Retry-After');
      return { status: response.status, text: await response.text(), retryAfterS: after === null ? null : Number(after) };
    },
    waitMs: (ms) => new Promise((done) => setTimeout(done, ms)),
  });
}
