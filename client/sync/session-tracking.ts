import { StaffFault } from '#client/ports/staff-api.ts';
import { retryAfterSeconds, type TrackingClient, trackingClient } from '#shared/tracking/client.ts';
import type { FaultCode, TrackingFault } from '#shared/tracking/fault.ts';

/** MLflow's codes as the staff pages name a refusal; any other is told by its code. */
const KIND: Partial<Record<FaultCode, string>> = {
  UNAUTHENTICATED: 'session',
  PERMISSION_DENIED: 'role',
  RESOURCE_EXHAUSTED: 'rate',
  TEMPORARILY_UNAVAILABLE: 'database',
  RESOURCE_DOES_NOT_EXIST: 'missing',
  INVALID_PARAMETER_VALUE: 'invalid',
};

const staffFault = ({ code, message }: TrackingFault): StaffFault => new StaffFault(KIND[code] ?? code, message);

/** The tracking API as a signed-in member of staff: below `/ajax-api`, where the session's cookie counts. Every call throws StaffFault. */
export function sessionTracking(): TrackingClient {
  return trackingClient({
    async send({ method, path, body }) {
      try {
        const response = await fetch(path.replace(/^\/api\/2\.0\//, '/ajax-api/2.0/'), {
          method,
          cache: 'no-store',
          ...(body === undefined ? {} : { body, headers: { 'Content-Type': 'application/json' } }),
        });
        return {
          status: response.status,
          text: await response.text(),
          retryAfterS: retryAfterSeconds(response.headers.get('Retry-After')),
        };
      } catch {
        throw new StaffFault('offline', 'The server cannot be reached.');
      }
    },
    waitMs: (ms) => new Promise((done) => setTimeout(done, ms)),
    // Somebody waits before the screen: a fault is drawn at once, with a button that tries again.
    mostRetries: 0,
    explain: staffFault,
  });
}
