import { runTags } from '#client/ports/run-tags.ts';
import { newRunId } from '#shared/domain/ids.ts';
import { studyDay } from '#shared/domain/time.ts';
import type { Draft } from '#shared/tracking/event.ts';
import { type Desk, experimentNamed, jsonArtifact, pairs, targetChance } from './desk.ts';
import { habitMetrics, PATTERN_WINDOW, patternsOf } from './insights.ts';
import { measured } from './session-end.ts';

/** Fewest answers a habit is read from. */
const LEAST_ANSWERS = 100;

const dayKey = (packId: string): string => `patterns.day.${packId}`;

/**
 * Log the habits, at most once a study day, from a hundred answers on: as metrics by their definitions, and what the pattern analyser finds sure,
 * with its basis and interval, in `session_insights.json`.
 *
 * @returns whether a run was logged
 */
export async function logPatterns(desk: Desk): Promise<boolean> {
  const { log, moment } = desk.ports;
  const { at, tz, rng } = moment();
  const today = String(studyDay(at, tz));
  if ((await log.get('settings', dayKey(desk.packId)))?.value === today) return false;
  const { answers } = await desk.state();
  if (answers.length < LEAST_ANSWERS) return false;
  const used = answers.slice(-PATTERN_WINDOW);
  const sessions = await log.list('sessions', 'pack_id', desk.packId);
  const patterns = patternsOf(used, sessions, await targetChance(desk), answers);
  const latest = sessions.filter((s) => s.ended === 'finished').sort((a, b) => b.seq - a.seq)[0];
  const { engagement_score, learning_velocity } = latest ? await measured(desk, answers, [latest]) : {};
  const found = { ...habitMetrics(used, sessions), engagement_score, learning_velocity };
  const metrics = Object.entries(found).flatMap(([key, value]) => (value == null ? [] : [{ key, value, timestamp: at, step: 0 }]));
  const experiment = await experimentNamed(desk, 'pattern-analysis');
  const run_id = newRunId(rng);
  const first = used[0]?.at ?? at;
  const minutes = used.reduce((sum, a) => sum + a.time_spent, 0) / 60;
  const { answers: _, ...findings } = patterns;
  const file = jsonArtifact(run_id, 'session_insights.json', {
    duration_minutes: minutes,
    attempted: used.length,
    correct_rate: used.filter((a) => a.correct === 1).length / used.length,
    findings,
  });
  const params = pairs({
    window_days: Math.ceil((at - first) / 86_400_000),
    answers_used: used.length,
    ...(patterns.habit ? { learning_style: patterns.habit } : {}),
  });
  const tags = runTags(log, 'pattern-analysis', { 'eg.pack_id': desk.packId });
  const run_name = `patterns ${new Date(at).toISOString().slice(0, 10)}`;
  const drafts: Draft[] = [
    ...experiment.drafts,
    { kind: 'run.created', body: { run_id, experiment_id: experiment.id, run_name, start_time: at, params, tags } },
    ...(metrics.length > 0 ? [{ kind: 'metric.logged' as const, body: { run_id, metrics } }] : []),
    file.draft,
    { kind: 'run.updated', body: { run_id, status: 'FINISHED', end_time: at } },
    { kind: 'setting.set', body: { key: dayKey(desk.packId), value: today } },
  ];
  return desk.write(async () => ({ drafts, together: { artifacts: [file.bytes] } }));
}
