import { driftOf, type Estimate, figureOf, satisfactionOf } from '#shared/statistics/figures.ts';
import type { Sql } from '../ports/database.ts';
import { latestSlots, metricsOf } from './releases.ts';

/** What the latest slots say that the service watches: nothing of it is there while it is too noisy to show. */
export async function watchedFigures(sql: Sql, now: number, taskId: Uint8Array | null): Promise<Readonly<Record<string, number>>> {
  const read = await latestSlots(sql, now, taskId);
  if (!read) return {};
  const { slots, config, releasedAt } = read;
  const drift = driftOf(slots, config);
  const largest = drift ? Math.max(...Object.values(drift)) : null;
  const figures = {
    ...metricsOf({
      user_model_accuracy: figureOf('user_model_accuracy', slots, config),
      personalization_effectiveness: figureOf('personalization_effectiveness', slots, config),
      user_satisfaction_score: satisfactionOf(slots, config),
    }),
    ...(largest === null ? {} : { psi_max: largest, model_drift_detection: largest }),
  };
  return Object.keys(figures).length > 0 ? { ...figures, private_figures_timestamp_seconds: releasedAt / 1000 } : {};
}

/** What a week's forecast stands on beside the counts. */
export async function weekFigures(
  sql: Sql,
  now: number,
  taskId: Uint8Array | null,
): Promise<Readonly<Record<'average_accuracy' | 'system_engagement', Estimate | null>>> {
  const read = await latestSlots(sql, now, taskId);
  if (!read) return { average_accuracy: null, system_engagement: null };
  return {
    average_accuracy: figureOf('average_accuracy', read.slots, read.config),
    system_engagement: figureOf('system_engagement', read.slots, read.config),
  };
}
