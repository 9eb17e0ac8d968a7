import { useSpeech } from '#client/i18n/language.tsx';
import { useProgressWords } from '#client/i18n/progress-words.ts';
import type { Patterns } from '#client/tutor/insights.ts';
import type { Finding } from '#models/patterns/habits.ts';

const HABIT_NEEDS = 100;

type Found = Extract<Finding<number>, { kind: 'found' }>;

/** Habits the answers show, each with its interval, or what is still missing for it. */
export function Habits({ patterns, targetP }: { readonly patterns: Patterns; readonly targetP: number }) {
  const w = useProgressWords();
  const { t } = useSpeech();
  const { percent } = t.common;
  const clock = (hour: number) => `${String(hour % 24).padStart(2, '0')}:00`;
  const words = (finding: Finding<number>, found: (f: Found) => string): string => {
    if (finding.kind === 'too-few') return w.tooFewFinding(finding.have, finding.need);
    return finding.kind === 'unclear' ? w.unclear(finding.n) : found(finding);
  };
  const rows = [
    [
      w.peak,
      words(patterns.peak, (f) => w.peakFound(clock(f.value), clock(f.value + 2), percent(f.effect), percent(f.low), percent(f.high))),
    ],
    [w.length, words(patterns.length, (f) => w.lengthFound(f.value, percent(-f.effect), percent(-f.high), percent(-f.low)))],
    [w.difficulty, words(patterns.difficulty, (f) => w.difficultyFound(percent(f.value), percent(targetP)))],
    [w.habit, patterns.habit ? w.habits[patterns.habit] : w.tooFewFinding(patterns.answers, HABIT_NEEDS)],
  ] as const;
  return (
    <section className="card" aria-labelledby="patterns">
      <h2 id="patterns">{w.patterns}</h2>
      <p className="quiet small">{w.patternsHint}</p>
      <dl className="stack">
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt className="quiet">{name}</dt>
            <dd className="number">{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
