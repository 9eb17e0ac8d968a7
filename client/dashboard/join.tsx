import { useState } from 'react';
import type { Member } from '#client/ports/staff-api.ts';
import { Notice } from '#client/ui/states.tsx';
import { faultText, StaffPage, useDesk } from './frame.tsx';

function Codes({ codes, member }: { readonly codes: readonly string[]; readonly member: Member }) {
  const { words, refresh } = useDesk();
  return (
    <StaffPage first={words.join.codesTitle} lead={words.join.codesLead}>
      <section className="card">
        <ol className="codes number">
          {codes.map((code) => (
            <li key={code}>{code}</li>
          ))}
        </ol>
        <p className="number small">{words.join.idIs(member.staffId)}</p>
        <button type="button" className="button primary" onClick={refresh}>
          {words.join.kept}
        </button>
      </section>
    </StaffPage>
  );
}

/** First admin by set-up code, anybody else by invite: a passkey and ten recovery codes. @param invited secret of an invite link */
export function JoinPage({ invited }: { readonly invited: string | null }) {
  const { api, words } = useDesk();
  const [code, setCode] = useState('');
  const [fault, setFault] = useState<unknown>(null);
  const [joined, setJoined] = useState<{ readonly codes: readonly string[]; readonly member: Member } | null>(null);
  const join = async () => {
    setFault(null);
    try {
      setJoined(await api.join(invited ?? code));
      history.replaceState(null, '', '/dashboard');
    } catch (cause) {
      setFault(cause);
    }
  };
  if (joined) return <Codes {...joined} />;
  return (
    <StaffPage first={invited ? words.join.joinTitle : words.join.title} lead={invited ? words.join.inviteLead : words.join.lead}>
      <form
        className="card narrow"
        onSubmit={(event) => {
          event.preventDefault();
          void join();
        }}
      >
        {!invited && (
          <label className="field">
            {words.join.code}
            <input value={code} onChange={(e) => setCode(e.target.value)} autoComplete="one-time-code" spellCheck={false} required />
          </label>
        )}
        {fault !== null && <Notice tone="bad">{faultText(words, fault)}</Notice>}
        <button type="submit" className="button primary">
          {words.join.make}
        </button>
      </form>
    </StaffPage>
  );
}

/** Sign in by passkey, or by a recovery code. */
export function SignInPage() {
  const { api, words, refresh } = useDesk();
  const [fault, setFault] = useState<unknown>(null);
  const [staffId, setStaffId] = useState('');
  const [code, setCode] = useState('');
  const attempt = async (work: () => Promise<void>) => {
    setFault(null);
    try {
      await work();
      refresh();
    } catch (cause) {
      setFault(cause);
    }
  };
  return (
    <StaffPage first={words.signIn.title}>
      <section className="card narrow">
        {fault !== null && <Notice tone="bad">{faultText(words, fault)}</Notice>}
        <button type="button" className="button primary" onClick={() => void attempt(api.signIn)}>
          {words.signIn.passkey}
        </button>
        <details>
          <summary>{words.signIn.byCode}</summary>
          <form
            className="stack"
            onSubmit={(event) => {
              event.preventDefault();
              void attempt(() => api.signInByCode(staffId.trim(), code));
            }}
          >
            <label className="field">
              {words.signIn.staffId}
              <input value={staffId} onChange={(e) => setStaffId(e.target.value)} spellCheck={false} required />
            </label>
            <label className="field">
              {words.signIn.recovery}
              <input value={code} onChange={(e) => setCode(e.target.value)} spellCheck={false} required />
            </label>
            <button type="submit" className="button">
              {words.signIn.go}
            </button>
          </form>
        </details>
      </section>
    </StaffPage>
  );
}
