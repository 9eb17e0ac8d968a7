import { useReviewWords } from '#client/i18n/review-words.ts';
import type { GradeChoice } from '#client/tutor/grades.ts';

interface Props {
  readonly choices: readonly GradeChoice[];
  /** Just checked: a second tap meant for Sure must not grade. */
  readonly isFresh: boolean;
  readonly onGrade: (choice: GradeChoice) => void;
}

/** How well it was remembered, and in how many days it then comes again. */
export function GradeButtons({ choices, isFresh, onGrade }: Props) {
  const w = useReviewWords();
  return choices.map((choice) => (
    <button
      key={choice.grade}
      type="button"
      className={choice.isSuggested ? 'button primary' : 'button'}
      data-fresh={isFresh || undefined}
      onClick={() => onGrade(choice)}
    >
      {w.grades[choice.grade]} <small className="number">{w.inDays(choice.days)}</small>
    </button>
  ));
}
