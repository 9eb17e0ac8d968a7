import type { Request } from 'express';
import { deviceByBearer, type EnrolmentPorts, signerOf } from '../federation/enrolment.ts';
import { memberOf, type StaffPorts, sessionCookie } from '../governance/sessions.ts';
import { Refusal } from '../ports/fault.ts';
import type { Access, Gatekeeper } from './routes.ts';
import { siteOf } from './staff-routes.ts';

/** A write from another site's page is refused before it is read. */
function checkOrigin(request: Request): void {
  if (request.method === 'GET') return;
  const { origin } = request.headers;
  const site = request.headers['sec-fetch-site'];
  const isOwn =
    origin === undefined ? site === undefined || site === 'same-origin' : origin === siteOf(request.headers.host, request.protocol).origin;
  if (!isOwn) throw new Refusal(403, 'origin', 'This request came from another site.');
}

/** The one place that decides who calls: by the access each route declares. */
export function newGatekeeper(enrolment: EnrolmentPorts, staff: StaffPorts): Gatekeeper {
  return async (access: Access, request: Request, body: Uint8Array) => {
    if (request.path.startsWith('/dashboard')) checkOrigin(request);
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
