import { useSpeech } from '#client/i18n/language.tsx';
import { useModelWords } from '#client/i18n/model-words.ts';

interface Props {
  readonly version: { readonly kind: 'global'; readonly label: string } | { readonly kind: 'personal'; readonly version: number };
  /** Absent where another part of the screen tells it. */
  readonly record?: {
    readonly value: number;
    readonly low: number;
    readonly high: number;
    readonly baseline: number;
    readonly n: number;
  } | null;
  readonly dataPoints: number;
  readonly level: number;
  readonly updatedAt: number | null;
}

/** The facts every model card shows: version, accuracy beside its baseline, when, how personal, from how much. */
export function ModelFacts({ version, record, dataPoints, level, updatedAt }: Props) {
  const model = useModelWords();
  const { t, language } = useSpeech();
  const when =
    updatedAt === null ? model.never : new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' }).format(updatedAt);
  const { percent } = t.common;
  return (
    <dl className="facts">
      <dt>{model.version}</dt>
      <dd>{version.kind === 'global' ? model.global(version.label) : model.personal(version.version)}</dd>
      {record !== undefined && (
        <>
          <dt>{model.accuracy}</dt>
          <dd>{record ? percent(record.value) : model.tooFew(dataPoints)}</dd>
        </>
      )}
      {record && (
        <dd className="basis quiet small">
          {model.accuracyBasis(percent(record.low), percent(record.high), percent(record.baseline), record.n)}
        </dd>
      )}
      <dt>{model.updated}</dt>
      <dd>{when}</dd>
      <dt>{model.level}</dt>
      <dd>{percent(level)}</dd>
      {level === 0 && <dd className="basis quiet small">{model.levelNone(dataPoints)}</dd>}
      <dt>{model.dataPoints}</dt>
      <dd>{dataPoints}</dd>
    </dl>
  );
}
