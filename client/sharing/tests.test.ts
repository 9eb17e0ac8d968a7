// @vitest-environment node
import { expect, test } from 'vitest';
import { answer, started } from '#client/ports/experiment-log.contract.ts';
import type { JoinedTest } from '#client/ports/joined-test.ts';
import { memoryExperimentLog } from '#client/ports/memory-experiment-log.ts';
import { epochMs } from '#shared/domain/time.ts';
import { seededRng } from '#shared/maths/rng.ts';
import { outcomeOf } from './tests.ts';

const DAY_MS = 86_400_000;
const JOINED = 1_700_000_000_000;

test('an outcome is of the account’s own days in the test alone: right answers, days of study, gain of what was recommended', async () => {
  let at = JOINED - DAY_MS;
  const log = memoryExperimentLog(() => ({ at: epochMs(at), tz: 0, rng: seededRng(1) }));
  const outcome = (goal: JoinedTest['goal']) =>
    outcomeOf(log, { id: 1, place: 0, goal, arms: [], window_days: 10, arm: 0, joinedAt: JOINED, key: 'h/1', isTold: false });
  expect([await outcome('accuracy'), await outcome('retention'), await outcome('gain')]).toEqual([0, 0, 0.5]);
  await log.append([started, answer('before', 1)]);
  at = JOINED;
  const picks = [{ item_id: 'q', p: 0.6, propensity: 1, eligible: 1, reason: 'fit' as const, terms: {} }];
  const slate = {
    slate_id: 's',
    pack_id: 'p1',
    purpose: 'home' as const,
    policy: 'x',
    feature_version: 1,
    target_p: 0.8,
    model_version: 'm',
  };
  await log.append([
    { kind: 'slate.shown', body: { ...slate, slots: [{ slot: 0, picks }] } },
    { kind: 'slate.opened', body: { slate_id: 's', slot: 0 } },
    answer('a', 1, { item_id: 'q', slate_id: 's' }),
    answer('b', 0),
  ]);
  at = JOINED + 3 * DAY_MS;
  await log.append([answer('c', 1), answer('d', 0)]);
  await log.append([{ kind: 'answer.undone', body: { attempt_id: 'd' } }]);
  at = JOINED + 10 * DAY_MS;
  await log.append([answer('after', 0)]);
  expect(await outcome('accuracy')).toBeCloseTo(2 / 3, 10);
  expect(await outcome('retention')).toBeCloseTo(0.2, 10);
  expect(await outcome('gain')).toBeCloseTo((0.4 + 1) / 2, 10);
});
