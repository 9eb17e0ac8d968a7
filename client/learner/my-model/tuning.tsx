import { useEffect, useRef, useState } from 'react';
import { useModelWords } from '#client/i18n/model-words.ts';
import { usePorts } from '#client/tutor/learner-ports.tsx';
import type { Tutor } from '#client/tutor/tutor.ts';
import { Notice } from '#client/ui/states.tsx';
import { type Rung, SEARCH_NEEDS, type SearchResult } from '#models/difficulty/automl.ts';

type State =
  | { readonly kind: 'idle' }
  | { readonly kind: 'running'; readonly latest: Rung | null }
  | { readonly kind: 'done'; readonly result: SearchResult }
  | { readonly kind: 'stopped' | 'failed' };

/** Search the layer's settings: round by round, to be stopped at any time, and what came of it. */
export function Tuning({ tutor, answers }: { readonly tutor: Tutor; readonly answers: number }) {
  const w = useModelWords();
  const { training } = usePorts();
  const [state, setState] = useState<State>({ kind: 'idle' });
  const control = useRef(new AbortController());
  useEffect(() => () => control.current.abort(), []);
  const search = async () => {
    control.current = new AbortController();
    setState({ kind: 'running', latest: null });
    try {
      const result = await training.search(tutor, (latest) => setState({ kind: 'running', latest }), control.current.signal);
      setState(result ? { kind: 'done', result } : { kind: 'stopped' });
    } catch {
      setState({ kind: 'failed' });
    }
  };
  const told = (): string | null => {
    if (state.kind === 'running') return state.latest ? w.tuningRung(state.latest.rung + 1, state.latest.trials.length) : w.tuningStarts;
    if (state.kind === 'stopped') return w.tuningStopped;
    if (state.kind !== 'done') return null;
    const { isBetter, incumbentLoss, bestLoss } = state.result;
    return (isBetter ? w.tuned : w.untuned)(incumbentLoss.toFixed(3), bestLoss.toFixed(3));
  };
  const mayStart = answers >= SEARCH_NEEDS;
  return (
    <section className="card" aria-labelledby="tuning">
      <h2 id="tuning">{w.tuning}</h2>
      <p className="quiet small">{w.tuningText}</p>
      {state.kind === 'failed' && <Notice tone="bad">{w.tuningFailed}</Notice>}
      <p role="status" className="number" data-testid="tuning-outcome">
        {told()}
      </p>
      {state.kind === 'running' ? (
        <button type="button" className="button wide" onClick={() => control.current.abort()}>
          {w.stop}
        </button>
      ) : (
        <button type="button" className="button wide" disabled={!mayStart} onClick={() => void search()}>
          {w.tuningNow}
        </button>
      )}
      <p className="quiet small number">{mayStart ? w.tuningOwn : w.tuningNeeds(answers, SEARCH_NEEDS)}</p>
    </section>
  );
}
