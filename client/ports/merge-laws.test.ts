import { expect, test } from 'vitest';
import { epochMs } from '#shared/domain/time.ts';
import { below, type Rng, seededRng } from '#shared/maths/rng.ts';
import type { Body, EventKind, LogEvent } from '#shared/tracking/event.ts';
import { COMMON, randomDrafts } from './experiment-log.contract.ts';
import type { ExperimentLog } from './experiment-log.ts';
import { allRows, memoryExperimentLog } from './memory-experiment-log.ts';

const CASES = 60;
/** The run of the session: what is logged to it follows from the answers. */
const SESSION_RUN = 'r1';
/** The logs of two devices that wrote at the same time, their clocks running into each other. */
async function twoLogs(rng: Rng): Promise<readonly [ExperimentLog, ExperimentLog]> {
  let at = 1000;
  const moment = () => {
    at += below(3, rng);
    return { at: epochMs(at), tz: 0, rng };
  };
  const logs = ['aaaaaaaaaaaaaaaa', 'bbbbbbbbbbbbbbbb'].map((id) => memoryExperimentLog(moment, id)) as [ExperimentLog, ExperimentLog];
  await logs[0].append(COMMON);
  await logs[1].merge({ events: await logs[0].events(), artifacts: [] });
  for (let i = 0; i < 40; i++) {
    const which = below(2, rng);
    await logs[which === 0 ? 0 : 1].append(randomDrafts(rng, which === 0 ? 'a' : 'b'));
  }
  return logs;
}

async function merged(logs: readonly ExperimentLog[], order: readonly number[]): Promise<ExperimentLog> {
  const into = memoryExperimentLog(() => ({ at: epochMs(9), tz: 0, rng: seededRng(1) }), 'cccccccccccccccc');
  for (const i of order) await into.merge({ events: await (logs[i] as ExperimentLog).events(), artifacts: [] });
  return into;
}

const bodies = <K extends EventKind>(events: readonly LogEvent[], kind: K): readonly Body<K>[] =>
  events.flatMap((e) => (e.kind === kind ? [e.body as Body<K>] : []));

test(`two devices that merge in either order, and again, hold the same rows (${CASES} cases)`, async () => {
  for (let seed = 1; seed <= CASES; seed++) {
    const logs = await twoLogs(seededRng(seed));
    const rows = await allRows(await merged(logs, [0, 1]));
    for (const order of [
      [1, 0],
      [1, 0, 1, 0],
    ])
      expect(await allRows(await merged(logs, order)), `seed ${seed}`).toEqual(rows);
    // and each takes the other in
    await logs[0].merge({ events: await logs[1].events(), artifacts: [] });
    expect(await allRows(logs[0]), `seed ${seed}`).toEqual(rows);
  }
});

test(`merged: a param stays as it was first told, a tag is as last told, an ended run stays ended, the latest metric is the greatest (${CASES} cases)`, async () => {
  for (let seed = 1; seed <= CASES; seed++) {
    const log = await merged(await twoLogs(seededRng(seed)), [0, 1]);
    const events = [...(await log.events())].sort((a, b) => (a.hlc < b.hlc ? -1 : 1));
    const of = (run: string, key: string) => `${run} ${key}`;
    const params = new Map<string, string>();
    for (const p of bodies(events, 'param.logged')) if (!params.has(of(p.run_id, p.key))) params.set(of(p.run_id, p.key), p.value);
    expect(
      new Map((await log.list('params')).filter((p) => p.owner !== SESSION_RUN).map((p) => [of(p.owner, p.key), p.value])),
      `seed ${seed}`,
    ).toEqual(params);
    const tags = new Map(bodies(events, 'tag.set').map((t) => [of(t.run_id, t.key), t.value]));
    expect(
      new Map((await log.list('tags')).filter((t) => t.owner !== SESSION_RUN).map((t) => [of(t.owner, t.key), t.value])),
      `seed ${seed}`,
    ).toEqual(tags);
    const ends = new Map<string, string>();
    for (const u of bodies(events, 'run.updated')) if (!ends.has(u.run_id)) ends.set(u.run_id, `${u.status} ${u.end_time}`);
    const runs = new Map(
      (await log.list('runs')).flatMap((r) => (r.status === 'RUNNING' ? [] : [[r.run_id, `${r.status} ${r.end_time}`]])),
    );
    expect(runs, `seed ${seed}`).toEqual(ends);
    const greatest = new Map<string, readonly [number, number, number]>();
    for (const { run_id, metrics } of bodies(events, 'metric.logged')) {
      for (const { key, step, timestamp, value } of metrics) {
        const [known, now] = [greatest.get(of(run_id, key)), [step, timestamp, value] as const];
        const i = known ? now.findIndex((x, k) => x !== known[k]) : 0;
        if (!known || (i >= 0 && (now[i] as number) > (known[i] as number))) greatest.set(of(run_id, key), now);
      }
    }
    const latest = (await log.list('run_metrics'))
      .filter((row) => row.run_id !== SESSION_RUN)
      .flatMap((row) => row.latest.map((m) => [of(row.run_id, m.key), [m.step, m.timestamp, m.value]] as const));
    expect(new Map(latest), `seed ${seed}`).toEqual(greatest);
    // no run loses its version to another's number
    const registered = new Set(bodies(events, 'model.registered').map((m) => m.run_id));
    const versions = await log.list('model_versions');
    expect(new Set(versions.map((v) => v.run_id)), `seed ${seed}`).toEqual(registered);
    expect(new Set(versions.map((v) => v.version)).size, `seed ${seed}`).toBe(versions.length);
  }
});

test(`merged: an answer stands unless it was undone after it was given, and an alias names the version of the run it was last set to (${CASES} cases)`, async () => {
  for (let seed = 1; seed <= CASES; seed++) {
    const log = await merged(await twoLogs(seededRng(seed)), [1, 0]);
    const events = [...(await log.events())].sort((a, b) => (a.hlc < b.hlc ? -1 : 1));
    const stands = new Map<string, boolean>();
    let alias: { alias: string; run_id?: string | undefined } | null = null;
    for (const e of events) {
      if (e.kind === 'answer.recorded') stands.set(e.body.attempt_id, true);
      if (e.kind === 'answer.undone' && stands.has(e.body.attempt_id)) stands.set(e.body.attempt_id, false);
      if (e.kind === 'alias.set') alias = e.body;
    }
    const answers = await log.list('answers');
    expect(new Map(answers.map((a) => [a.attempt_id, a.superseded === 0])), `seed ${seed}`).toEqual(stands);
    const [session] = await log.list('sessions');
    expect(session?.totals.answered, `seed ${seed}`).toBe([...stands.values()].filter(Boolean).length);
    const [named] = await log.list('aliases');
    const row = named && (await log.get('model_versions', [named.name, named.version]));
    expect(row?.run_id, `seed ${seed}`).toBe(alias?.run_id);
  }
});
