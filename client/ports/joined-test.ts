import type { AbTest } from '#shared/statistics/ab-test.ts';
import type { FederationStore } from './federation-store.ts';

/** An A/B test this account takes part in. */
export interface JoinedTest extends AbTest {
  /** Index of the account's own arm. */
  readonly arm: number;
  /** Epoch ms. */
  readonly joinedAt: number;
  /** The report its outcome went into, once and for all; null before. */
  readonly reportedIn: string | null;
}

/** The share of recommendations to draw freely, where a test in which this account takes part says one; only while its outcome may be told. */
export async function testedExploreRate(federation: FederationStore): Promise<number | null> {
  if (!(await federation.value('analyticsConsent'))?.analytics) return null;
  const [test] = (await federation.value('tests')) ?? [];
  return test?.arms[test.arm]?.explore_rate ?? null;
}
