import type { LogReader } from '#client/ports/experiment-log.ts';
import type { JoinedTest } from '#client/ports/joined-test.ts';
import type { StatisticsConfig } from '#shared/aggregation/config.ts';
import { armOf } from '#shared/statistics/ab-test.ts';
import type { SharingPorts } from './ports.ts';
import { meanGain } from './week.ts';

const DAY_MS = 86_400_000;

/**
 * Take part in every test the verified configuration names, in the arm the account's secret draws, and in no other any more. What was told is
 * read from the ledger, which travels with the account: a restored device tells nothing twice.
 */
export async function keepTests(
  { log: { federation }, moment }: SharingPorts,
  { tests = [], helper }: StatisticsConfig,
  tagSecret: Uint8Array,
): Promise<void> {
  const joined = (await federation.value('tests')) ?? [];
  const wanted = tests.map((test) => ({ ...test, key: `${helper.identity}/${test.id}` }));
  if (joined.length === wanted.length && joined.every((own) => wanted.some(({ key }) => key === own.key))) return;
  const told = new Set((await federation.contributions()).flatMap((row) => row.told ?? []));
  const { at } = moment();
  const value = wanted.map(
    (test): JoinedTest =>
      joined.find(({ key }) => key === test.key) ?? { ...test, arm: armOf(tagSecret, test), joinedAt: at, isTold: told.has(test.key) },
  );
  await federation.write([{ kind: 'value', key: 'tests', value }]);
}

/** Tests whose time is over for this account, and whose outcome was told to nobody yet. */
export async function dueTests({ log, moment }: SharingPorts): Promise<readonly JoinedTest[]> {
  const { at } = moment();
  return ((await log.federation.value('tests')) ?? []).filter((t) => !t.isTold && at >= t.joinedAt + t.window_days * DAY_MS);
}

/** What the test measures, of this account's own days in it, 0–1. */
export async function outcomeOf(log: LogReader, { goal, joinedAt, window_days }: JoinedTest): Promise<number> {
  const isWithin = ({ at }: { readonly at: number }) => at >= joinedAt && at < joinedAt + window_days * DAY_MS;
  const standing = (await log.list('answers')).filter((a) => a.superseded === 0);
  if (goal === 'gain') return ((meanGain((await log.list('slates')).filter(isWithin), standing) ?? 0) + 1) / 2;
  const answers = standing.filter(isWithin);
  if (goal === 'retention') return Math.min(1, new Set(answers.map((a) => Math.floor((a.at - joinedAt) / DAY_MS))).size / window_days);
  return answers.filter((a) => a.correct === 1).length / Math.max(1, answers.length);
}
