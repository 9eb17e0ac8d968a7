import { memoryExperimentLog } from '#client/ports/memory-experiment-log.ts';
import type { LearnerPorts } from '#client/tutor/learner-ports.tsx';
import { openTutor, type Tutor } from '#client/tutor/tutor.ts';
import { rightChoice } from '#shared/packs/grade.ts';
import type { Item, Pack } from '#shared/packs/schema.ts';
import type { Draft, LogEvent } from '#shared/tracking/event.ts';
import { nextHlc } from '#shared/tracking/hlc.ts';
import { trustedScriptUrl } from './trusted-types.ts';

const A_SESSION = 50;

/** The pack in use, its items repeated under new ids until there are n. */
function enlarged(pack: Pack, n: number): Pack {
  const items = Array.from({ length: n }, (_, i): Item => {
    const item = pack.items[i % pack.items.length] as Item;
    return { ...item, id: `${item.id}-${i}` };
  });
  return { ...pack, items };
}

/** Events of somebody who has answered n questions, fifty a session, ten minutes a session, three sessions a day. */
function history(pack: Pack, n: number): readonly LogEvent[] {
  const events: LogEvent[] = [];
  const device = crypto.randomUUID().replaceAll('-', '').slice(0, 16);
  let hlc: string | null = null;
  let at = Date.now() - Math.ceil(n / A_SESSION / 3) * 86_400_000;
  const add = (draft: Draft) => {
    hlc = nextHlc(hlc, at, device);
    events.push({ ...draft, id: crypto.randomUUID(), device_id: device, seq: events.length + 1, hlc, at, tz: 540 });
  };
  for (let i = 0; i < n; i++) {
    const session_id = `${device}-${Math.floor(i / A_SESSION)}`;
    const ids = { session_id, pack_id: pack.manifest.id };
    if (i % A_SESSION === 0) {
      at += 8 * 3_600_000;
      add({
        kind: 'session.started',
        body: { ...ids, run_id: `run-${session_id}`, mode: 'practice', device_kind: 'phone', planned: A_SESSION },
      });
    }
    const item = pack.items[(i * 7) % pack.items.length] as Item;
    const attempt = {
      attempt_id: `${device}-answer-${i}`,
      item_id: item.id,
      item_version: 1,
      predicted_p: 0.7,
      model_version: 'examsgraph-global/1',
    };
    const given = { choice: ['a'], correct: (i % 3 === 0 ? 0 : 1) as 0 | 1, confidence: 0.9, ms_raw: 12_000, time_spent: 12 };
    at += 12_000;
    add({ kind: 'answer.recorded', body: { ...ids, ...attempt, ...given, personalization_level: 0 } });
    if (i % A_SESSION === A_SESSION - 1) add({ kind: 'session.ended', body: { session_id, reason: 'finished' } });
  }
  return events;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

const median = (all: readonly number[]): number => [...all].sort((a, b) => a - b)[all.length >> 1] ?? Number.NaN;

async function answerSome(tutor: Tutor, n: number): Promise<readonly number[]> {
  const times: number[] = [];
  const id = await tutor.startSession({ mode: 'practice', planned: n });
  for (let i = 0; i < n; i++) {
    let shown = null as Awaited<ReturnType<Tutor['question']>>;
    times.push(
      await timed(async () => {
        shown = await tutor.question(id);
      }),
    );
    if (shown) await tutor.record({ shown, choice: rightChoice((shown as { item: Item }).item), confidence: 'sure', msRaw: 4000 });
    // as the study screen does while the feedback is read
    await tutor.foresee();
  }
  return times;
}

/** What `npm run bench:client` times inside the page; present in test builds alone. */
export function offerBenchHook(ports: LearnerPorts): void {
  const small = async (): Promise<Pack> => {
    const [pack] = await ports.installedPacks();
    if (!pack) throw new Error('no pack');
    return pack;
  };
  const tutorOf = async (items: number): Promise<Tutor> => {
    const inUse = await ports.tutorFor((await small()).manifest.id);
    if (!inUse) throw new Error('no pack in use');
    return openTutor(enlarged(await small(), items), {
      log: memoryExperimentLog(ports.moment),
      global: inUse.global,
      moment: ports.moment,
      deviceKind: 'phone',
      exclusively: (work) => work(true),
    });
  };
  const hook = {
    nextQuestion: async (items: number) => median(await answerSome(await tutorOf(items), 15)),
    async recommend(items: number) {
      const tutor = await tutorOf(items);
      await answerSome(tutor, 3);
      return timed(() => tutor.recommend());
    },
    fill: async (answers: number) => ports.log.merge({ events: history(await small(), answers), artifacts: [] }),
    speed: async () => (await import('#client/workers/worker-speed.ts')).speedInWorker(trustedScriptUrl),
    async backup() {
      const safety = await ports.safety();
      let bytes = 0;
      const ms = await timed(async () => {
        bytes = (await safety.make(null, () => undefined)).length;
      });
      return { ms, bytes, events: await ports.log.head() };
    },
  };
  Object.assign(globalThis, { examsgraphBench: hook });
}
