import { useSyncExternalStore } from 'react';
import { useSpeech } from '#client/i18n/language.tsx';
import { useModelWords } from '#client/i18n/model-words.ts';
import { usePorts } from '#client/tutor/learner-ports.tsx';
import { MIN_TRAINING_ANSWERS } from '#client/tutor/training.ts';
import type { CurvePoint, TrainingState } from '#client/tutor/training-desk.ts';
import type { Tutor } from '#client/tutor/tutor.ts';
import { LineChart } from '#client/ui/line-chart.tsx';
import { Notice } from '#client/ui/states.tsx';

/** The stretch of the curve worth a picture: the latest candidate that has a validation part, else all points. */
function drawn(curve: readonly CurvePoint[]): readonly CurvePoint[] {
  const latest = curve.findLast((p) => Number.isFinite(p.validationLoss));
  if (!latest) return curve.slice(-60);
  const end = curve.lastIndexOf(latest);
  return curve.slice(end - latest.epoch, end + 1);
}

function Curve({ curve }: { readonly curve: readonly CurvePoint[] }) {
  const model = useModelWords();
  const { t } = useSpeech();
  const points = drawn(curve);
  if (points.length < 2) return <p className="quiet">{model.curveEmpty}</p>;
  const hasValidation = points.some((p) => Number.isFinite(p.validationLoss));
  return (
    <LineChart
      title={model.curveTitle}
      series={[
        { name: model.trainLoss, values: points.map((p) => p.loss), colour: 1 },
        ...(hasValidation ? [{ name: model.validationLoss, values: points.map((p) => p.validationLoss), colour: 2 as const }] : []),
      ]}
      xName={model.step}
      format={(v) => v.toFixed(3)}
      tableTitle={t.common.showTable}
    />
  );
}

function Verdict({ state, version }: { readonly state: Extract<TrainingState, { kind: 'done' }>; readonly version: number }) {
  const model = useModelWords();
  const { verdict, metrics } = state.trained;
  const before = (metrics.baseline_log_loss ?? Number.NaN).toFixed(3);
  const after = (metrics.log_loss ?? Number.NaN).toFixed(3);
  if (verdict.kind === 'registered') {
    return (
      <p>
        {model.registered(version, before, after)} {verdict.early && model.early}
      </p>
    );
  }
  const words = model.rejected[verdict.reason];
  return <p>{typeof words === 'string' ? words : words(before, after)}</p>;
}

function Outcome({ state, version }: { readonly state: TrainingState; readonly version: number }) {
  const model = useModelWords();
  const { t } = useSpeech();
  if (state.kind === 'lost') {
    const reason = state.reason === 'failed' && !navigator.onLine ? 'offline' : state.reason;
    return <Notice tone={state.reason === 'stopped' ? 'quiet' : 'bad'}>{model.lost[reason]}</Notice>;
  }
  if (state.kind !== 'done') return null;
  const { backend, trainMs, findings } = state.trained;
  return (
    <div className="stack" role="status" style={{ gap: 4 }} data-testid="training-outcome">
      <Verdict state={state} version={version} />
      <p className="quiet small number">{model.backendUsed(backend, t.common.seconds(trainMs / 1000))}</p>
      {findings.map(
        (f) =>
          f.passedOver && (
            <p key={f.name} className="quiet small">
              {model.backendPassed(f.name, model.passedOver[f.passedOver] ?? f.passedOver)}
            </p>
          ),
      )}
    </div>
  );
}

/** Train now: the loss curve as it comes, what did the arithmetic, and what became of it. */
export function TrainingPanel({ tutor, answers, version }: { readonly tutor: Tutor; readonly answers: number; readonly version: number }) {
  const model = useModelWords();
  const { training } = usePorts();
  const state = useSyncExternalStore(training.subscribe, training.current);
  const mayTrain = answers >= MIN_TRAINING_ANSWERS;
  return (
    <section className="card" aria-labelledby="training">
      <header>
        <h2 id="training">{model.training}</h2>
        {state.kind === 'running' && <p className="quiet small">{state.backend ?? model.starting}</p>}
      </header>
      <Curve curve={state.kind === 'running' || state.kind === 'done' ? state.curve : []} />
      <Outcome state={state} version={version} />
      {state.kind === 'running' ? (
        <button type="button" className="button wide" onClick={() => training.stop()}>
          {model.stop}
        </button>
      ) : (
        <button type="button" className="button primary wide" disabled={!mayTrain} onClick={() => void training.start(tutor)}>
          {model.train}
        </button>
      )}
      <p className="quiet small">{mayTrain ? model.trainHint(answers) : model.needAnswers(answers)}</p>
    </section>
  );
}
