import { describe, expect, test } from 'vitest';
import { below } from '../maths/rng.ts';
import { forAll } from '../testing/for-all.ts';
import { checkDraft, type Draft, type LogEvent } from './event.ts';
import { clockLead, nextHlc } from './hlc.ts';
import { project } from './project.ts';
import { keyOf, pointsOf, type RowStore, type Tables } from './rows.ts';

forAll('the hybrid clock only rises, and never lags the wall', (rng) => {
  let [hlc, wall] = [null as string | null, 1_700_000_000_000];
  for (let i = 0; i < 200; i++) {
    wall += below(7, rng) - 3;
    const next = nextHlc(hlc, wall, 'device');
    if (hlc !== null) expect(next > hlc).toBe(true);
    expect(Number(next.slice(0, 13))).toBeGreaterThanOrEqual(wall);
    hlc = next;
  }
});

test('the clock survives a full counter', () => {
  expect(nextHlc('1700000000000-ffff-d', 1_700_000_000_000, 'd')).toBe('1700000000001-0000-d');
});

forAll('a clock is corrected by no more than it is wrong, and within a second and the wait for the reply of that', (rng) => {
  const wrong = (below(200_001, rng) - 100_000) * (below(2, rng) === 0 ? 1 : 10_000);
  const [asked, written, heard] = [0, below(3000, rng), 3000 + below(2000, rng)].map((ms) => 1_700_000_000_000 + ms + below(1000, rng));
  const date = new Date(written as number).toUTCString();
  const lead = clockLead(date, (asked as number) + wrong, (heard as number) + wrong);
  expect(Math.abs(lead ?? Number.NaN)).toBeLessThanOrEqual(Math.abs(wrong));
  expect(Math.abs(wrong - (lead ?? Number.NaN))).toBeLessThanOrEqual((heard as number) - (asked as number) + 999);
  if (Math.abs(wrong) > 7000) expect(Math.sign(lead ?? 0)).toBe(Math.sign(wrong));
});

test('a clock that may be right is left alone, and a reply without a date tells nothing', () => {
  const date = 'Tue, 14 Nov 2023 22:13:20 GMT';
  expect(clockLead(date, 1_700_000_000_999, 1_700_000_001_200)).toBe(0);
  expect(clockLead(date, 1_700_000_001_000, 1_700_000_001_200)).toBe(1);
  expect(clockLead(date, 1_699_999_999_900, 1_699_999_999_990)).toBe(-10);
  expect(clockLead(null, 0, 0)).toBeNull();
  expect(clockLead('soon', 0, 0)).toBeNull();
});

test('a point logged twice is kept once, told apart by its bits: NaN is NaN, and 0 is not -0', async () => {
  const tables = new Map<string, unknown>();
  const rows: RowStore = {
    get: async (table, key) => tables.get(`${table} ${JSON.stringify(key)}`) as never,
    put: async (table, row) => void tables.set(`${table} ${JSON.stringify(keyOf(table, row))}`, row),
    delete: async () => undefined,
  };
  const points = [Number.NaN, 0, -0, 0, Number.NaN].map((value) => ({ key: 'k', value, timestamp: 1, step: 0 }));
  const log = (metrics: typeof points, at: number) =>
    ({ kind: 'metric.logged', body: { run_id: 'r', metrics }, at }) as unknown as LogEvent;
  await project(log(points, 1), rows, 1);
  await project(log(points.slice(0, 2), 2), rows, 2);
  const kept = tables.get('metric_steps ["r",1,0]') as Tables['metric_steps'];
  expect(pointsOf([kept]).map((p) => p.value)).toEqual([Number.NaN, 0, -0]);
  expect((tables.get('run_metrics "r"') as Tables['run_metrics']).latest).toEqual([{ key: 'k', value: 0, timestamp: 1, step: 0 }]);
});

describe('the event schema', () => {
  const good: Draft = { kind: 'answer.undone', body: { attempt_id: 'a' } };

  test('passes a body as its kind says, unknown fields and all', () => {
    expect(checkDraft(good)).toBe(good);
    expect(checkDraft({ kind: 'answer.undone', body: { attempt_id: 'a', later: 1 } })).toBeDefined();
  });

  test.each<[string, unknown]>([
    ['attempt_id', { kind: 'answer.undone', body: {} }],
    ['rating', { kind: 'feedback.given', body: { about: 'session', ref: 's', rating: 6 } }],
    ['slots.0.picks.0.propensity', { kind: 'slate.shown', body: slate(0) }],
    ['metrics.0.key', { kind: 'metric.logged', body: { run_id: 'r', metrics: [{ key: 'no;good', value: 1, timestamp: 1, step: 0 }] } }],
  ])('refuses a bad %s by name', (field, draft) => {
    expect(() => checkDraft(draft as Draft)).toThrow(field);
  });

  test('a slate with a propensity passes', () => {
    expect(checkDraft({ kind: 'slate.shown', body: slate(0.25) } as Draft)).toBeDefined();
  });
});

function slate(propensity: number) {
  const pick = { item_id: 'i', p: 0.8, propensity, eligible: 4, reason: 'fit', terms: { fit: 0.3 } };
  return {
    slate_id: 's',
    pack_id: 'p',
    purpose: 'next',
    policy: 'x',
    feature_version: 1,
    target_p: 0.8,
    model_version: 'm/1',
    slots: [{ slot: 0, picks: [pick] }],
  };
}

test('an answer that two logs both hold is counted once', async () => {
  const maps = new Map<string, unknown>();
  const rows: RowStore = {
    get: async (table, key) => maps.get(JSON.stringify([table, key])) as never,
    put: async (table, row) => void maps.set(JSON.stringify([table, keyOf(table, row)]), row),
    delete: async (table, key) => void maps.delete(JSON.stringify([table, key])),
  };
  const place = { id: 'e', device_id: 'd', hlc: 'h', at: 1, tz: 0 };
  const session = { session_id: 's', run_id: 'r', pack_id: 'p', mode: 'practice' as const, device_kind: 'phone', planned: 5 };
  const attempt = { attempt_id: 'a', session_id: 's', pack_id: 'p', item_id: 'i', item_version: 1, predicted_p: 0.5, model_version: 'm/1' };
  const given = { ...attempt, choice: ['x'], correct: 1 as const, confidence: 0.9, ms_raw: 1000, time_spent: 1, personalization_level: 0 };
  await project({ ...place, seq: 1, kind: 'session.started', body: session }, rows, 1);
  await project({ ...place, seq: 2, kind: 'answer.recorded', body: given }, rows, 2);
  await project({ ...place, seq: 3, kind: 'answer.recorded', body: given }, rows, 3);
  expect((await rows.get('sessions', 's'))?.totals).toMatchObject({ answered: 1, correct: 1, nextStep: 1 });
});
