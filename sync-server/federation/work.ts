import { passesAll } from '#models/federated/gate.ts';
import { toHex } from '#shared/domain/bytes.ts';
import { makeCandidate } from './candidate.ts';
import { freeze } from './freeze.ts';
import { type LeaderPorts, taskIds } from './leader.ts';
import { promote } from './models.ts';
import { finishOpenFlush } from './release.ts';

/** What one round of work did. */
export interface WorkDone {
  readonly released: number;
  readonly candidates: number;
}

async function workOn(ports: LeaderPorts, taskId: Uint8Array): Promise<WorkDone> {
  let released = 0;
  let candidates = 0;
  for (let rounds = 0; rounds < 8; rounds++) {
    const outcome = await finishOpenFlush(ports, taskId);
    if (outcome === 'released') {
      released++;
      ports.tell('slot', { task: toHex(taskId) });
    }
    for (let made = await makeCandidate(ports, taskId); made; made = await makeCandidate(ports, taskId)) {
      candidates++;
      // A trial promotes by itself what passes every gate; elsewhere a person decides.
      if (made.isTrial && passesAll(made.gates)) await promote(ports, taskId, made.version, false);
      else ports.tell('model', { task: toHex(taskId), candidate: made.version });
    }
    if (outcome === 'waiting') break;
    if ((await freeze(ports, taskId)) === null) break;
  }
  return { released, candidates };
}

/**
 * One round of everything that waits: finish open flushes, make candidates, freeze what is ready. All state is in the database, every
 * effect has its own constraint, so that rounds may be cut off anywhere, repeated, and run by several processes.
 */
export async function work(ports: LeaderPorts): Promise<WorkDone> {
  let done: WorkDone = { released: 0, candidates: 0 };
  for (const taskId of await taskIds(ports.db)) {
    const own = await workOn(ports, taskId);
    done = { released: done.released + own.released, candidates: done.candidates + own.candidates };
  }
  return done;
}
