import { useState } from 'react';
import { trackingWords } from '#client/i18n/tracking-words.ts';
import type { AccessToken } from '#client/ports/staff-api.ts';
import { Segments } from '#client/ui/segments.tsx';
import { Notice } from '#client/ui/states.tsx';
import { TOKEN_DAYS, type TokenWanted } from '#shared/tracking/token-wanted.ts';
import { CopyButton, faultText, moment, Read, StaffPage, Table, useDesk, useReading } from '../frame.tsx';

function Made({ token }: { readonly token: string }) {
  const { language } = useDesk();
  const w = trackingWords(language);
  return (
    <Notice>
      <p>{w.madeToken}</p>
      <p>
        <code>{token}</code>
      </p>
      <CopyButton key={token} text={token} />
      <p className="quiet small">{w.usage}</p>
      <pre>
        <code>{`export MLFLOW_TRACKING_URI=${location.origin}\nexport MLFLOW_TRACKING_TOKEN=${token}`}</code>
      </pre>
    </Notice>
  );
}

function NewToken({ again }: { readonly again: () => void }) {
  const { api, words, language } = useDesk();
  const w = trackingWords(language);
  const [name, setName] = useState('');
  const [days, setDays] = useState<TokenWanted['days']>(90);
  const [may, setMay] = useState<'read' | 'all'>('read');
  const [token, setToken] = useState<string | null>(null);
  const [fault, setFault] = useState<unknown>(null);
  const make = async () => {
    setFault(null);
    try {
      setToken(await api.newToken({ name, days, isReadOnly: may === 'read' }));
      setName('');
      again();
    } catch (cause) {
      setFault(cause);
    }
  };
  return (
    <form
      className="card"
      aria-labelledby="new-token"
      onSubmit={(event) => {
        event.preventDefault();
        void make();
      }}
    >
      <h2 id="new-token">{w.makeToken}</h2>
      <label className="field">
        {w.tokenName}
        <input value={name} onChange={(e) => setName(e.target.value)} maxLength={80} required />
      </label>
      <Segments
        legend={w.may}
        name="may"
        value={may}
        choices={[
          { value: 'read', label: w.mayRead },
          { value: 'all', label: w.mayAll },
        ]}
        onChange={setMay}
      />
      <Segments
        legend={w.lasts}
        name="days"
        value={String(days)}
        choices={TOKEN_DAYS.map((n) => ({ value: String(n), label: w.days(n) }))}
        onChange={(chosen) => setDays(TOKEN_DAYS.find((n) => String(n) === chosen) ?? 90)}
      />
      <button type="submit" className="button primary">
        {w.makeToken}
      </button>
      {fault !== null && <Notice tone="bad">{faultText(words, fault)}</Notice>}
      {token && <Made token={token} />}
    </form>
  );
}

function Tokens({ tokens, again }: { readonly tokens: readonly AccessToken[]; readonly again: () => void }) {
  const { api, words, language } = useDesk();
  const w = trackingWords(language);
  const [fault, setFault] = useState<unknown>(null);
  const revoke = (id: string) => {
    setFault(null);
    return api.revokeToken(id).then(again, setFault);
  };
  const role = (text: string): string => (words.roles as Readonly<Record<string, string>>)[text] ?? text;
  if (tokens.length === 0) return null;
  return (
    <section className="card">
      <Table
        label={words.nav.tokens}
        head={[w.tokenName, w.owner, w.may, w.used, w.ends, w.revoke]}
        rows={tokens.map((t) => [
          t.name,
          t.owner,
          t.isReadOnly ? w.mayRead : role(t.role),
          t.usedAt === null ? w.never : moment(language, t.usedAt),
          moment(language, t.expiresAt),
          <button key={t.id} type="button" className="button" aria-label={w.revokeToken(t.name)} onClick={() => void revoke(t.id)}>
            {w.revoke}
          </button>,
        ])}
      />
      {fault !== null && <Notice tone="bad">{faultText(words, fault)}</Notice>}
    </section>
  );
}

/** Tokens for programs: made, shown once, revoked. */
export function TokensPage() {
  const { api, words, language } = useDesk();
  const w = trackingWords(language);
  const [reading, again] = useReading(api.tokens);
  return (
    <StaffPage first={reading.kind === 'ready' ? w.tokensFirst(reading.value.tokens.length) : words.nav.tokens} lead={w.tokensLead}>
      <Read reading={reading} again={again}>
        {({ tokens }) => (
          <>
            <NewToken again={again} />
            <Tokens tokens={tokens} again={again} />
          </>
        )}
      </Read>
    </StaffPage>
  );
}
