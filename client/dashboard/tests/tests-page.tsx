import { useState } from 'react';
import { Segments } from '#client/ui/segments.tsx';
import { Notice } from '#client/ui/states.tsx';
import { EXPLORE_RATE } from '#models/recommend/slate.ts';
import { GOALS, type Goal, type Interval, type RegisteredTest, SHARE_PARTS, type TestDecision } from '#shared/statistics/ab-test.ts';
import { faultText, moment, Read, StaffPage, Table, useDesk, useReading } from '../frame.tsx';

const Z_90 = 1.6449;
/** Below it the arms are not as large as they were meant to be. */
const MISMATCH = 0.001;
const DECISIONS = ['ship', 'do-not-ship', 'discuss'] as const;

const percent = (share: number): string => `${Math.round(100 * share)} %`;
const interval = (found: Interval | null | undefined): string =>
  found ? `${found.mean.toFixed(3)} (${found.low.toFixed(3)} – ${found.high.toFixed(3)})` : '–';

function EndForm({ id, again }: { readonly id: number; readonly again: () => void }) {
  const { api, words } = useDesk();
  const w = words.tests;
  const [decision, setDecision] = useState<TestDecision>('discuss');
  const [reason, setReason] = useState('');
  const [fault, setFault] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  const end = async () => {
    setBusy(true);
    try {
      await api.endTest(id, decision, reason);
      again();
    } catch (cause) {
      setFault(cause);
      setBusy(false);
    }
  };
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        void end();
      }}
    >
      <Segments
        legend={w.decision}
        name={`decision-${id}`}
        value={decision}
        choices={DECISIONS.map((value) => ({ value, label: w.decisions[value] }))}
        onChange={setDecision}
      />
      <label className="field">
        {w.reason}
        <input value={reason} onChange={(e) => setReason(e.target.value)} maxLength={500} required />
      </label>
      <button type="submit" className="button" disabled={isBusy}>
        {w.end}
      </button>
      {fault !== null && <Notice tone="bad">{faultText(words, fault)}</Notice>}
    </form>
  );
}

function TestCard({ registered, again }: { readonly registered: RegisteredTest; readonly again: () => void }) {
  const { words, language } = useDesk();
  const w = words.tests;
  const { id, test, judged, hypothesis, slots, decision } = registered;
  const isMismatched = judged.srm !== null && judged.srm < MISMATCH;
  return (
    <section className="card" aria-labelledby={`test-${id}`}>
      <h2 id={`test-${id}`} className="row apart">
        {w.name(id)} <span className="chip">{decision ? w.decisions[decision] : w.running}</span>
      </h2>
      <p>{hypothesis}</p>
      <p className="quiet small number">{w.facts(w.goals[test.goal], test.window_days, moment(language, registered.startedAt), slots)}</p>
      {isMismatched && <Notice tone="bad">{w.mismatch}</Notice>}
      {slots === 0 ? (
        <p className="quiet">{decision ? w.nothingTold : w.nothingYet}</p>
      ) : (
        <Table
          label={w.name(id)}
          head={[w.columns.arm, w.columns.share, w.columns.rate, w.columns.members, w.columns.goal, w.columns.difference]}
          rows={test.arms.map((arm, i) => {
            const own = judged.arms[i];
            return [
              arm.name,
              percent(arm.share / SHARE_PARTS),
              percent(arm.explore_rate),
              own ? `${Math.round(own.members.value)} ± ${Math.round(Z_90 * own.members.se)}` : '–',
              interval(own?.goal ?? null),
              i === 0 ? '' : interval(judged.differences[i - 1]),
            ];
          })}
        />
      )}
      {slots > 0 && judged.differences.every((d) => d === null) && <p className="quiet small">{w.tooFew}</p>}
      {registered.reason !== null && <p>{w.endedFor(registered.reason)}</p>}
      {decision === null && <EndForm id={id} again={again} />}
    </section>
  );
}

function StartForm({ again }: { readonly again: () => void }) {
  const { api, words } = useDesk();
  const w = words.tests;
  const [hypothesis, setHypothesis] = useState('');
  const [goal, setGoal] = useState<Goal>('gain');
  const [numbers, setNumbers] = useState({ rate: 100 * EXPLORE_RATE, share: 50, days: 14, planned: 1000 });
  const [fault, setFault] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  const start = async () => {
    setFault(null);
    setBusy(true);
    const share = Math.round((numbers.share / 100) * SHARE_PARTS);
    const arms = [
      { name: 'control', share: SHARE_PARTS - share, explore_rate: EXPLORE_RATE },
      { name: 'challenger', share, explore_rate: numbers.rate / 100 },
    ];
    try {
      await api.startTest({ hypothesis, planned: numbers.planned, design: { goal, arms, window_days: numbers.days } });
      setHypothesis('');
      again();
    } catch (cause) {
      setFault(cause);
    }
    setBusy(false);
  };
  const number = (key: keyof typeof numbers, label: string, min: number, max: number) => (
    <label className="field">
      {label}
      <input
        type="number"
        min={min}
        max={max}
        value={numbers[key]}
        onChange={(e) => setNumbers({ ...numbers, [key]: Number(e.target.value) })}
        required
      />
    </label>
  );
  return (
    <form
      className="card"
      aria-labelledby="start-test"
      onSubmit={(event) => {
        event.preventDefault();
        void start();
      }}
    >
      <h2 id="start-test">{w.start}</h2>
      <p className="quiet">{w.startLead}</p>
      <label className="field">
        {w.hypothesis}
        <input value={hypothesis} onChange={(e) => setHypothesis(e.target.value)} maxLength={500} required />
      </label>
      <Segments
        legend={w.goal}
        name="goal"
        value={goal}
        choices={GOALS.map((value) => ({ value, label: w.goals[value] }))}
        onChange={setGoal}
      />
      {number('rate', w.rate, 0, 50)}
      {number('share', w.share, 1, 99)}
      {number('days', w.days, 1, 28)}
      {number('planned', w.planned, 1, 1_000_000)}
      <button type="submit" className="button primary" disabled={isBusy}>
        {w.start}
      </button>
      {fault !== null && <Notice tone="bad">{faultText(words, fault)}</Notice>}
    </form>
  );
}

/** Which tests run, what they say so far, and how earlier ones ended. */
export function TestsPage() {
  const { api, words } = useDesk();
  const [reading, again] = useReading(api.tests);
  const running = reading.kind === 'ready' ? reading.value.tests.filter((t) => t.decision === null).length : 0;
  return (
    <StaffPage first={reading.kind === 'ready' ? words.tests.first(running) : words.nav.tests} lead={words.tests.lead}>
      <Read reading={reading} again={again}>
        {({ tests }) => (
          <>
            {tests.map((registered) => (
              <TestCard key={registered.id} registered={registered} again={again} />
            ))}
            <StartForm again={again} />
          </>
        )}
      </Read>
    </StaffPage>
  );
}
