import { type AbTest, isOfNothing } from '#shared/statistics/ab-test.ts';
import type { FederationStore } from './federation-store.ts';

/** An A/B test this account takes part in. */
export interface JoinedTest extends AbTest {
  /** Which test of which installation it is: ids begin anew in each. */
  readonly key: string;
  /** Index of the account's own arm. */
  readonly arm: number;
  /** Epoch ms. */
  readonly joinedAt: number;
  /** Its outcome is in a report, once and for all. */
  readonly isTold: boolean;
}

/**
 * The share of recommendations to draw freely, where a test in which this account takes part says one: only while its outcome may still be
 * told. Of tests that run at once at most one says anything.
 */
export async function testedExploreRate(federation: FederationStore): Promise<number | null> {
  if (!(await federation.value('analyticsConsent'))?.analytics) return null;
  const test = ((await federation.value('tests')) ?? []).find((t) => !t.isTold && !isOfNothing(t));
  return test?.arms[test.arm]?.explore_rate ?? null;
}
