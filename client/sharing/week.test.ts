// @vitest-environment node
import { expect, test } from 'vitest';
import { answer, started, tickingMoment } from '#client/ports/experiment-log.contract.ts';
import { memoryExperimentLog } from '#client/ports/memory-experiment-log.ts';
import { epochMs } from '#shared/domain/time.ts';
import type { Draft } from '#shared/tracking/event.ts';
import { weekFacts } from './week.ts';

const DAY_MS = 86_400_000;

const run = (run_id: string, status: 'FINISHED' | 'FAILED', promoted: boolean | null): readonly Draft[] => [
  {
    kind: 'run.created',
    body: {
      run_id,
      experiment_id: 'e',
      run_name: 'refit',
      start_time: 1_700_000_000_000,
      params: [],
      tags: [{ key: 'eg.kind', value: run_id.startsWith('s-') ? 'automl' : 'training' }],
    },
  },
  ...(promoted === null ? [] : [{ kind: 'tag.set' as const, body: { run_id, key: 'promoted', value: String(promoted) } }]),
  { kind: 'run.updated', body: { run_id, status } },
];

const pick = (item_id: string, p: number) => ({ item_id, p, propensity: 1, eligible: 1, reason: 'fit' as const, terms: {} });

test('a week is read from the log: answers that stand, of every exam, with the topics of the pack that is told of', async () => {
  const moment = tickingMoment();
  const log = memoryExperimentLog(moment);
  const slate: Draft = {
    kind: 'slate.shown',
    body: {
      slate_id: 'slate',
      pack_id: 'p1',
      purpose: 'home',
      policy: 'x',
      feature_version: 1,
      target_p: 0.8,
      model_version: 'm',
      slots: [
        { slot: 0, picks: [pick('q1', 0.6), pick('q2', 0.5)] },
        { slot: 1, picks: [pick('q3', 0.5)] },
        { slot: 2, picks: [pick('q4', 0.5)] },
      ],
    },
  };
  await log.append([
    started,
    slate,
    { kind: 'slate.opened', body: { slate_id: 'slate', slot: 0 } },
    { kind: 'slate.dismissed', body: { slate_id: 'slate', slot: 1 } },
    answer('a1', 1, { item_id: 'q1', slate_id: 'slate' }),
    answer('a2', 0, { item_id: 'q1', time_spent: 9 }),
    answer('a3', 1, { item_id: 'q9', pack_id: 'p2' }),
    answer('a4', 1, { item_id: 'q2' }),
    { kind: 'answer.undone', body: { attempt_id: 'a4' } },
    { kind: 'feedback.given', body: { about: 'week', ref: 'w', rating: 4 } },
    { kind: 'feedback.given', body: { about: 'session', ref: 's1', rating: 5, difficulty_felt: 'right' } },
    { kind: 'feedback.given', body: { about: 'item', ref: 'q1', difficulty_felt: 'hard' } },
    { kind: 'exam.result', body: { pack_id: 'p1', date: '2023-11-14', passed: true, score: 0.8, predicted: null } },
    { kind: 'experiment.created', body: { experiment_id: 'e', name: 'training' } },
    ...run('r-kept', 'FINISHED', true),
    ...run('r-not', 'FINISHED', false),
    ...run('r-broken', 'FAILED', null),
    ...run('s-tried', 'FINISHED', null),
    { kind: 'slate.shown', body: { ...(slate.kind === 'slate.shown' ? slate.body : (slate as never)), slate_id: 'next', purpose: 'next' } },
  ]);
  await log.federation.write([{ kind: 'value', key: 'latest', value: { version: 3, isUsed: false, at: 1_700_000_000_000 } as never }]);
  const questions = [
    { id: 'q1', skills: ['t2', 'gone'] },
    { id: 'q2', skills: ['t1'] },
  ];
  const syllabus = { packId: 'p1', topics: ['t1', 't2'], questions };
  const { at } = moment();
  const facts = await weekFacts(log, at, syllabus);
  expect(facts.answers.map((a) => [a.correct, a.isFirst, a.topics, a.seconds, a.tz, a.p])).toEqual([
    [1, true, [1], 4.2, 540, 0.7],
    [0, false, [1], 9, 540, 0.7],
    [1, true, [], 4.2, 540, 0.7],
  ]);
  expect(facts).toMatchObject({
    sessions: 1,
    slates: { shown: 4, opened: 2, answered: 1, dismissed: 1, gain: 0.4 },
    update: 'refused',
    feedback: { rating: 4.5, feltRight: 0.5 },
    result: { passed: true, score: 0.8, predicted: null },
    device: { registered: 1, rejected: 1, failed: 1 },
  });
  expect((await weekFacts(log, at, null)).answers.every((a) => a.topics.length === 0)).toBe(true);
  const later = await weekFacts(log, epochMs(at + 8 * DAY_MS), syllabus);
  expect(later.answers).toHaveLength(3);
  expect(later).toMatchObject({
    sessions: 0,
    slates: { shown: 0, gain: null },
    update: null,
    feedback: { rating: null, feltRight: 0 },
    result: null,
    device: { registered: 0, rejected: 0, failed: 0 },
  });
  expect((await weekFacts(log, epochMs(at + 29 * DAY_MS), syllabus)).answers).toEqual([]);
});
