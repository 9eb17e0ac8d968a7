import { useState } from 'react';
import type { Member } from '#client/ports/staff-api.ts';
import { Segments } from '#client/ui/segments.tsx';
import { Notice } from '#client/ui/states.tsx';
import { CopyButton, faultText, moment, Read, StaffPage, Table, useDesk, useReading } from '../frame.tsx';

const ROLES = ['auditor', 'analyst', 'admin'] as const;

function Invite({ again }: { readonly again: () => void }) {
  const { api, words } = useDesk();
  const [role, setRole] = useState<Member['role']>('auditor');
  const [name, setName] = useState('');
  const [link, setLink] = useState<string | null>(null);
  const [fault, setFault] = useState<unknown>(null);
  const invite = async () => {
    setFault(null);
    try {
      setLink(location.origin + (await api.invite(role, name)));
      setName('');
      again();
    } catch (cause) {
      setFault(cause);
    }
  };
  return (
    <form
      className="card"
      aria-labelledby="invite"
      onSubmit={(event) => {
        event.preventDefault();
        void invite();
      }}
    >
      <h2 id="invite">{words.staff.invite}</h2>
      <p className="quiet">{words.staff.inviteLead}</p>
      <Segments
        legend={words.staff.role}
        name="role"
        value={role}
        choices={ROLES.map((r) => ({ value: r, label: words.roles[r] }))}
        onChange={setRole}
      />
      <label className="field">
        {words.staff.name}
        <input value={name} onChange={(e) => setName(e.target.value)} maxLength={80} required />
      </label>
      <button type="submit" className="button primary">
        {words.staff.invite}
      </button>
      {fault !== null && <Notice tone="bad">{faultText(words, fault)}</Notice>}
      {link && (
        <Notice>
          <p>{words.staff.made}</p>
          <p>
            <code>{link}</code>
          </p>
          <CopyButton key={link} text={link} />
        </Notice>
      )}
    </form>
  );
}

/** Who has access, and who was invited. */
export function StaffListPage() {
  const { api, words, language } = useDesk();
  const [reading, again] = useReading(api.staff);
  const role = (text: string): string => (words.roles as Readonly<Record<string, string>>)[text] ?? text;
  return (
    <StaffPage first={reading.kind === 'ready' ? words.staff.first(reading.value.staff.length) : words.nav.staff}>
      <Read reading={reading} again={again}>
        {({ staff, invites }) => (
          <>
            <section className="card">
              <Table
                label={words.nav.staff}
                head={[words.staff.name, words.staff.role, words.staff.seen]}
                rows={staff.map((s) => [
                  s.name,
                  role(s.role),
                  s.seen_at === null ? words.staff.never : moment(language, Number(s.seen_at)),
                ])}
              />
              {invites.length > 0 && (
                <>
                  <h2>{words.staff.open}</h2>
                  <ul>
                    {invites.map((i) => (
                      <li key={`${i.name} ${i.expires_at}`}>
                        {i.name} ({role(i.role)}), {words.staff.until(moment(language, Number(i.expires_at)))}
                      </li>
                    ))}
                  </ul>
                </>
              )}
            </section>
            <Invite again={again} />
          </>
        )}
      </Read>
    </StaffPage>
  );
}
