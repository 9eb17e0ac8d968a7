import { HORIZON_SLOTS, ownRho, rhoCap } from '#shared/privacy/accountant.ts';
import { gaussianEpsilon } from '#shared/privacy/gaussian-dp.ts';
import { segmentOf, type TaskConfig } from './config.ts';

/** One contribution of this account as the device books it: written before anything is sent, and never taken back. */
export interface LedgerEntry {
  readonly report_id: string;
  readonly task_id: string;
  readonly budget_family: string;
  readonly config_hash: string;
  /** Slot when it was sealed; it lands there or later. */
  readonly sealed_slot: number;
  readonly landed_slot: number | null;
  readonly sigma: number;
  readonly band: number;
}

/** Why a device does not contribute now. */
export type NotNow = 'no-consent' | 'over-consented-cap' | 'no-contributions-left' | 'too-soon' | 'report-open' | 'too-stale';

/** What the decision rests on. */
export interface EligibilityView {
  readonly config: TaskConfig;
  readonly slot: number;
  readonly hasConsent: boolean;
  /** Greatest worst-case epsilon the learner agreed to; Infinity on a trial, where none is claimed. */
  readonly consentedEpsilon: number;
  readonly entries: readonly LedgerEntry[];
  readonly hasOpenReport: boolean;
  /** Promoted version minus the version trained from. */
  readonly staleness: number;
}

/** The worst case over 52 slots that a configuration promises, or that several of different families promise together. */
export function capEpsilon(config: TaskConfig, ...others: readonly TaskConfig[]): number {
  const rho = [config, ...others].reduce((sum, c) => {
    const family = { maxContributions: c.max_contributions, tasks: [{ segments: [segmentOf(c)], filled: [] }] };
    return sum + rhoCap([family], c.from_slot);
  }, 0);
  return gaussianEpsilon(rho, config.delta);
}

/** Contributions of the last 52 slots in the configuration's family. */
export function contributionsUsed(config: TaskConfig, slot: number, entries: readonly LedgerEntry[]): number {
  return entries.filter((e) => e.budget_family === config.budget_family && (e.landed_slot ?? e.sealed_slot) > slot - HORIZON_SLOTS).length;
}

/** Null if the device may seal a report now (section 6, step 2). */
export function whyNotNow(view: EligibilityView): NotNow | null {
  const { config, slot, entries } = view;
  if (!view.hasConsent) return 'no-consent';
  if (capEpsilon(config) > view.consentedEpsilon) return 'over-consented-cap';
  if (view.hasOpenReport) return 'report-open';
  if (contributionsUsed(config, slot, entries) >= config.max_contributions) return 'no-contributions-left';
  const landed = entries.filter((e) => e.task_id === config.task_id).map((e) => e.landed_slot ?? e.sealed_slot);
  if (landed.some((s) => slot - s < config.band)) return 'too-soon';
  return config.kind === 'model-delta' && view.staleness > config.max_staleness ? 'too-stale' : null;
}

/** Own rho and epsilon: the last 52 slots, compared with the cap, and the lifetime, which never falls. */
export function ownSpend(entries: readonly LedgerEntry[], slot: number, delta: number) {
  const rho = ownRho(
    entries.map(({ sealed_slot, landed_slot, sigma, band }) => ({ slot: landed_slot ?? sealed_slot, sigma, band })),
    slot,
  );
  return { rho, epsilon: { horizon: gaussianEpsilon(rho.horizon, delta), lifetime: gaussianEpsilon(rho.lifetime, delta) } };
}
