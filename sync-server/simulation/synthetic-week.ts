import { type Rng, uniform } from '#shared/maths/rng.ts';
import { cellsOfWeek, type WeekAnswer } from '#shared/statistics/week.ts';

const DAY_MS = 86_400_000;
const DAYS = 28;

/** A made-up learner's last four weeks as the cells of a report, shape [128]: answers that come out as they were predicted. */
export function syntheticWeek(rng: Rng): Float64Array {
  const now = DAYS * DAY_MS;
  const answers: WeekAnswer[] = [];
  const hour = Math.floor(6 + 16 * uniform(rng));
  const level = uniform(rng);
  for (let day = 0; day < DAYS; day++) {
    if (uniform(rng) > 0.3 + 0.5 * level) continue;
    for (let i = 0; i < 5 + 20 * level; i++) {
      const p = 0.35 + 0.6 * uniform(rng);
      const at = day * DAY_MS + hour * 3_600_000 + 30_000 * i;
      const topic = Math.floor(8 * uniform(rng));
      answers.push({
        at,
        tz: 0,
        p,
        correct: uniform(rng) < p ? 1 : 0,
        seconds: 4 + 60 * uniform(rng),
        isFirst: uniform(rng) < 0.7,
        topics: [topic],
      });
    }
  }
  const shown = 4 + Math.floor(10 * uniform(rng));
  const opened = Math.floor(shown * uniform(rng));
  return cellsOfWeek({
    now,
    answers,
    sessions: 1 + Math.floor(8 * level),
    slates: {
      shown,
      opened,
      answered: Math.floor(opened * uniform(rng)),
      dismissed: Math.floor((shown - opened) * 0.2),
      gain: 0.2 * uniform(rng) - 0.08,
    },
    update: uniform(rng) < 0.9 ? 'kept' : 'refused',
    feedback: { rating: uniform(rng) < 0.4 ? 3 + Math.floor(3 * uniform(rng)) : null, feltRight: uniform(rng) < 0.6 ? 1 : 0 },
    result: null,
    device: { registered: Math.floor(4 * uniform(rng)), rejected: Math.floor(2 * uniform(rng)), failed: 0 },
  });
}
