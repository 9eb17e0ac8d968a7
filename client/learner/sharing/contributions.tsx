import { useSpeech } from '#client/i18n/language.tsx';
import { sharingWords } from '#client/i18n/sharing-words.ts';
import type { ContributionRow, PulledModel } from '#client/ports/federation-store.ts';
import type { SharingView } from '#client/sharing/sharing.ts';
import { ownSpend } from '#shared/aggregation/personal-ledger.ts';
import { HORIZON_SLOTS } from '#shared/privacy/accountant.ts';
import { epsilonText } from './consent-card.tsx';

const DELTA = 1e-6;

function Receipt({
  row,
  before,
  isTrial,
  cap,
}: {
  readonly row: ContributionRow;
  readonly before: readonly ContributionRow[];
  readonly isTrial: boolean;
  readonly cap: number | null;
}) {
  const { language } = useSpeech();
  const words = sharingWords(language);
  const when = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' }).format(row.sealedAt);
  const slot = row.landed_slot ?? row.sealed_slot;
  const all = [...before, row];
  const family = all.filter((r) => r.budget_family === row.budget_family);
  const own = family.filter((r) => (r.landed_slot ?? r.sealed_slot) > slot - HORIZON_SLOTS);
  const { horizon } = ownSpend(family, slot, DELTA).epsilon;
  const { lifetime } = ownSpend(all, slot, DELTA).epsilon;
  return (
    <li className="stack" style={{ gap: 2 }}>
      <p className="row apart">
        <span>
          <strong>{words.status[row.status]}</strong> <span className="chip">{words.kinds[row.purpose ?? 'training']}</span>
        </span>
        <span className="number quiet">{when}</span>
      </p>
      <p className="number small quiet">
        {words.receipt(words.kilobytes(row.bytes), String(row.clipNorm), String(row.sigma))}
        {!isTrial &&
          ` · ${words.used(own.length, row.maxContributions)} · ${words.ownEpsilon(epsilonText(horizon), cap === null ? null : epsilonText(cap), epsilonText(lifetime))}`}
      </p>
      {row.version !== null && (
        <p className="number">
          {row.versionStatus === 'released' ? words.inVersion(row.version, row.landed_slot ?? 0) : words.candidate(row.version)}
        </p>
      )}
      {row.version === null && row.landed_slot !== null && <p className="number">{words.landedIn(row.landed_slot)}</p>}
      {row.refusal !== null && <p className="small">{words.reasons[row.refusal] ?? row.refusal}</p>}
      {row.logIndex !== null && <p className="number small quiet">{words.proof(row.logIndex)}</p>}
    </li>
  );
}

/** Everything this phone has booked, newest first, with what became of it. @param rows newest first */
export function Contributions({
  rows,
  isTrial,
  consents,
}: {
  readonly rows: readonly ContributionRow[];
  readonly isTrial: boolean;
  readonly consents: SharingView['consents'];
}) {
  const words = sharingWords(useSpeech().language);
  const capOf = (row: ContributionRow) => consents[row.purpose ?? 'training']?.epsilonCap ?? null;
  return (
    <section className="card" aria-labelledby="contributions">
      <h2 id="contributions">{words.contributions}</h2>
      {rows.length === 0 && <p className="quiet">{words.none}</p>}
      <ul className="stack">
        {rows.map((row, i) => (
          <Receipt key={row.report_id} row={row} before={rows.slice(i + 1)} isTrial={isTrial} cap={capOf(row)} />
        ))}
      </ul>
    </section>
  );
}

/** Which shared model serves here, and why. */
export function SharedModel({ latest }: { readonly latest: PulledModel | null }) {
  const words = sharingWords(useSpeech().language);
  const said = (): string => {
    if (!latest || latest.version === 0) return words.startModel;
    const [before, after] = [latest.lossBefore, latest.lossAfter];
    if (before === null || after === null) return words.usedUnjudged(latest.version);
    const say = latest.isUsed ? words.usedBetter : words.notUsed;
    return say(latest.version, before.toFixed(3), after.toFixed(3));
  };
  return (
    <section className="card" aria-labelledby="shared-model">
      <h2 id="shared-model">{words.model}</h2>
      <p className="number">{said()}</p>
      {latest && <p className="quiet small number">{words.verified(latest.logIndex)}</p>}
    </section>
  );
}
