/** An item of a slate and what became of it. */
export interface SlateItem {
  readonly skills: readonly string[];
  /** P(correct) when the slate was drawn. */
  readonly p: number;
  readonly isOpened: boolean;
  /** Outcome of the answer it led to; null if it led to none. */
  readonly outcome: 0 | 1 | null;
}

/** What is logged of a slate, under the names of the product's experiment log; a metric whose denominator is 0 is left out. */
export type SlateMetrics = Readonly<
  Partial<Record<'click_through_rate' | 'completion_rate' | 'performance_improvement' | 'diversity_score' | 'difficulty_balance', number>>
>;

const mean = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0) / numbers.length;

/** (1 - Σ s_k²) / (1 - 1/m), s_k skill shares, m the most skills the slate could have shown. */
function diversity(items: readonly SlateItem[], skillsAvailable: number): number | null {
  const most = Math.min(items.length, skillsAvailable);
  if (most < 2) return null;
  const shares = new Map<string, number>();
  for (const { skills } of items)
    for (const skill of skills) shares.set(skill, (shares.get(skill) ?? 0) + 1 / (skills.length * items.length));
  return (1 - [...shares.values()].reduce((sum, s) => sum + s * s, 0)) / (1 - 1 / most);
}

/** Metrics of one slate. @param skillsAvailable skills its items were drawn from */
export function slateMetrics(items: readonly SlateItem[], skillsAvailable: number): SlateMetrics {
  if (items.length === 0) return {};
  const opened = items.filter((i) => i.isOpened);
  const answered = items.flatMap((i) => (i.outcome === null ? [] : [i.outcome - i.p]));
  const spread = diversity(items, skillsAvailable);
  return {
    click_through_rate: opened.length / items.length,
    ...(opened.length > 0 ? { completion_rate: opened.filter((i) => i.outcome !== null).length / opened.length } : {}),
    ...(answered.length > 0 ? { performance_improvement: mean(answered) } : {}),
    ...(spread === null ? {} : { diversity_score: spread }),
    difficulty_balance: items.filter((i) => i.p >= 0.6 && i.p <= 0.9).length / items.length,
  };
}
