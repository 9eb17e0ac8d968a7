import { useState } from 'react';
import { Link } from 'wouter';
import { useRunsWords } from '#client/i18n/runs-words.ts';
import { useLog } from '#client/tutor/learner-ports.tsx';
import { TRAINING_PAUSED } from '#client/tutor/training.ts';
import type { Tutor } from '#client/tutor/tutor.ts';

/** Pause the training that starts by itself, or make the personal model forget. */
export function Manage({ tutor }: { readonly tutor: Tutor }) {
  const w = useRunsWords();
  const paused = useLog(async (reader) => (await reader.get('settings', TRAINING_PAUSED))?.value === 'on', 'paused');
  const [step, setStep] = useState<'idle' | 'asking' | 'done'>('idle');
  const isPaused = paused.kind === 'ready' && paused.value;
  const pause = () => void tutor.note([{ kind: 'setting.set', body: { key: TRAINING_PAUSED, value: isPaused ? 'off' : 'on' } }]);
  const reset = async () => {
    await tutor.resetModel();
    setStep('done');
  };
  return (
    <section className="card" aria-labelledby="manage">
      <h2 id="manage">{w.manage}</h2>
      <p className="row apart">
        {isPaused ? w.paused : w.running}
        <button type="button" className="button" onClick={pause}>
          {isPaused ? w.unpause : w.pause}
        </button>
      </p>
      <Link className="button" href="/storage">
        {w.exported}
      </Link>
      <h3>{w.reset}</h3>
      <p className="quiet small" role="status">
        {step === 'done' ? w.resetDone : w.resetHint}
      </p>
      {step === 'asking' ? (
        <p className="row apart">
          {w.resetSure}
          <span className="row">
            <button type="button" className="button" onClick={() => setStep('idle')}>
              {w.cancel}
            </button>
            <button type="button" className="button" onClick={() => void reset()}>
              {w.resetNow}
            </button>
          </span>
        </p>
      ) : (
        <button type="button" className="button" onClick={() => setStep('asking')}>
          {w.reset}
        </button>
      )}
    </section>
  );
}
