import type { Request } from 'express';
import { deviceByBearer, type EnrolmentPorts, signerOf } from '../federation/enrolment.ts';
import { memberOf, type StaffPorts, sessionCookie } from '../governance/sessions.ts';
import { Refusal } from '../ports/fault.ts';
import type { Access, Gatekeeper } from './routes.ts';
import { siteOf } from './staff-routes.ts';

/** A write from another site's page is refused before it is read. */
function checkOrigin(request: Request, own: string | null): void {
  if (request.method === 'GET') return;
  const { origin } = request.headers;
  const site = request.headers['sec-fetch-site'];
  const isOwn = origin === undefined ? site === undefined || site === 'same-origin' : origin === siteOf(request, own).origin;
  if (!isOwn) throw new Refusal(403, 'origin', 'This request came from another site.');
}

/** The one place that decides who calls: by the access each route declares. */
export function newGatekeeper(enrolment: EnrolmentPorts, staff: StaffPorts, origin: string | null): Gatekeeper {
  return async (access: Access, request: Request, body: Uint8Array) => {
    // By the route, not by the path as it was written: paths match whatever their case.
    if (String((request.route as { path?: unknown } | undefined)?.path).startsWith('/dashboard')) checkOrigin(request, origin);
    switch (access.kind) {
      case 'public':
      case 'own-signature':
        return null;
      case 'bearer':
        return deviceByBearer(enrolment, request.headers.authorization);
      case 'signed':
        return signerOf(enrolment, { method: request.method, path: request.path, body }, request.get('EG-Signature'), access.by);
      case 'staff': {
        const member = await memberOf(staff, sessionCookie(request.headers.cookie));
        if (!access.roles.includes(member.role)) throw new Refusal(403, 'role', 'Your role may not do this.');
        return member;
      }
    }
  };
}
