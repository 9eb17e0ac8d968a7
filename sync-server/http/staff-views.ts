import { configHashHex, slotAt, slotBegins, type TaskConfig } from '#shared/aggregation/config.ts';
import { composedRho } from '#shared/aggregation/log-entry.ts';
import { toHex } from '#shared/domain/bytes.ts';
import { gaussianEpsilon } from '#shared/privacy/gaussian-dp.ts';
import { championVersion, configsOf, type LeaderPorts, lastSlot, taskIds } from '../federation/leader.ts';

/** What the views read. */
interface ViewPorts {
  readonly leader: LeaderPorts;
  readonly isTrial: boolean;
  readonly helperReachable: () => Promise<boolean>;
}

/** Counts below this are not shown: nobody should be singled out by them. */
const LEAST_COUNT = 20;
const DAY_MS = 86_400_000;

/** A task with the configuration and the slot that are on. */
interface CurrentTask {
  readonly taskId: Uint8Array;
  readonly config: TaskConfig;
  readonly slot: number;
}

/** The latest task of each kind, the model's first. */
async function currentTasks({ leader }: ViewPorts): Promise<readonly CurrentTask[]> {
  const { db, now } = leader;
  const rows = await db.query<{ task_id: Buffer; kind: string }>(
    "SELECT DISTINCT ON (config->>'kind') task_id, config->>'kind' AS kind FROM task_configs ORDER BY config->>'kind' DESC, log_index DESC",
  );
  return Promise.all(
    rows.map(async (row) => {
      const taskId = new Uint8Array(row.task_id);
      const configs = await configsOf(db, taskId);
      const [first] = configs as [TaskConfig];
      const slot = slotAt(first, now(), await lastSlot(db, taskId));
      return { taskId, config: configs.findLast((c) => c.from_slot <= slot) ?? first, slot };
    }),
  );
}

/** The model task. */
async function currentTask(ports: ViewPorts): Promise<CurrentTask | null> {
  return (await currentTasks(ports)).find((t) => t.config.kind === 'model-delta') ?? null;
}

async function counts({ leader }: ViewPorts, taskId: Uint8Array) {
  const rows = await leader.db.query<{ state: string; n: string }>(
    'SELECT state, count(*) AS n FROM reports WHERE task_id = $1 GROUP BY state',
    [taskId],
  );
  const refused = await leader.db.query<{ reason: string; n: string }>(
    'SELECT reason, n FROM refused_reports WHERE task_id = $1 ORDER BY n DESC',
    [taskId],
  );
  return {
    states: Object.fromEntries(rows.map((r) => [r.state, Number(r.n)])),
    refused: refused.map((r) => ({ reason: r.reason, n: Number(r.n) })),
  };
}

/** The flush page: of every task buffer, slot, history with each release's run, refusals by reason. */
export async function flushesView(ports: ViewPorts) {
  const tasks = await currentTasks(ports);
  return { helperReachable: await ports.helperReachable(), tasks: await Promise.all(tasks.map((task) => taskView(ports, task))) };
}

async function taskView(ports: ViewPorts, { taskId, config, slot }: CurrentTask) {
  const { leader } = ports;
  const history = await leader.db.query<{
    t: number;
    state: string;
    k: number;
    set_root: Buffer;
    frozen_at: string;
    released_at: string | null;
    log_index: string | null;
    entry: string | null;
    version: number | null;
    base_version: number | null;
    status: string | null;
    run_id: string | null;
  }>(
    `SELECT f.t, f.state, f.k, f.set_root, f.frozen_at, f.released_at, f.log_index, l.entry, m.version, m.base_version, m.status, m.run_id
     FROM flushes f LEFT JOIN log_leaf l ON l.idx = f.log_index LEFT JOIN models m ON m.task_id = f.task_id AND m.slot = f.t
     WHERE f.task_id = $1 ORDER BY f.t DESC LIMIT 60`,
    [taskId],
  );
  const metrics = await leader.db.query<{ run_id: string; key: string; value: number }>(
    'SELECT run_id, key, value FROM metrics WHERE run_id = ANY($1)',
    [history.flatMap((h) => (h.run_id ? [h.run_id] : []))],
  );
  return {
    task: {
      id: toHex(taskId),
      kind: config.kind,
      preset: config.preset,
      k: config.k,
      slot,
      slotEnds: config.interval_ms === 0 ? null : slotBegins(config, slot + 1),
      configHash: configHashHex(config),
      sigma: config.sigma,
      clipNorm: config.clip_norm,
      dim: config.dim,
      band: config.band,
      fromSlot: config.from_slot,
      expectedNoise: (config.clip_norm * config.sigma * Math.sqrt(config.dim)) / config.k,
    },
    isReleased: (await lastSlot(leader.db, taskId)) >= slot,
    ...(await counts(ports, taskId)),
    history: history.map((h) => ({
      t: h.t,
      state: h.state,
      k: h.k,
      setRoot: toHex(h.set_root),
      releasedAt: h.released_at === null ? null : Number(h.released_at),
      logIndex: h.log_index === null ? null : Number(h.log_index),
      rhoRunning: h.entry ? (JSON.parse(h.entry) as { rho_running: number }).rho_running : null,
      version: h.version,
      baseVersion: h.base_version,
      status: h.status,
      metrics: Object.fromEntries(metrics.filter((m) => m.run_id === h.run_id).map((m) => [m.key, m.value])),
    })),
  };
}

/** The models page: every version with its lineage, gates and alias. */
export async function modelsView(ports: ViewPorts) {
  const task = await currentTask(ports);
  if (!task) return { task: null, versions: [] };
  const { db } = ports.leader;
  const rows = await db.query<{
    version: number;
    base_version: number | null;
    slot: number;
    weights_sha256: Buffer;
    size: number;
    gates: unknown;
    status: string;
    created_at: string;
    log_index: string | null;
    run_id: string | null;
  }>(
    `SELECT version, base_version, slot, weights_sha256, length(weights) AS size, gates, status, created_at, log_index, run_id
     FROM models WHERE task_id = $1 ORDER BY version DESC LIMIT 200`,
    [task.taskId],
  );
  const metrics = await db.query<{ run_id: string; key: string; value: number }>(
    'SELECT run_id, key, value FROM metrics WHERE run_id = ANY($1)',
    [rows.flatMap((r) => (r.run_id ? [r.run_id] : []))],
  );
  const log = await db.query<{ at: string; action: string; target: string | null; reason: string | null; name: string | null }>(
    `SELECT l.at, l.action, l.target, l.reason, s.name FROM staff_log l LEFT JOIN staff s USING (staff_id)
     WHERE l.action IN ('promote', 'roll-back', 'approve-override') ORDER BY l.id DESC LIMIT 30`,
  );
  return {
    task: { id: toHex(task.taskId), preset: task.config.preset },
    champion: await championVersion(db, task.taskId),
    versions: rows.map((r) => ({
      version: r.version,
      baseVersion: r.base_version,
      slot: r.slot,
      sha256: toHex(r.weights_sha256),
      size: r.size,
      gates: r.gates,
      status: r.status,
      createdAt: Number(r.created_at),
      logIndex: r.log_index === null ? null : Number(r.log_index),
      metrics: Object.fromEntries(metrics.filter((m) => m.run_id === r.run_id).map((m) => [m.key, m.value])),
    })),
    log: log.map((l) => ({ ...l, at: Number(l.at) })),
  };
}

/** epsilon of every task together, over their slots so far and as a cap. */
async function epsilons(ports: ViewPorts, { delta, max_contributions, band }: TaskConfig, slot: number) {
  if (ports.isTrial) return null;
  const { db } = ports.leader;
  const ids = await taskIds(db);
  const configs = (await Promise.all(ids.map((id) => configsOf(db, id)))).flat();
  const rows = await db.query<{ task_id: Buffer; slots: number[] }>(
    "SELECT task_id, array_agg(t ORDER BY t) AS slots FROM flushes WHERE state IN ('released', 'lost') GROUP BY task_id",
  );
  const filled = new Map(rows.map((row) => [toHex(row.task_id), row.slots]));
  const rho = composedRho(configs, filled, Math.max(slot, ...rows.flatMap((row) => row.slots)));
  return {
    cap: gaussianEpsilon(rho.cap, delta),
    running: gaussianEpsilon(rho.running, delta),
    delta,
    maxContributions: max_contributions,
    band,
  };
}

/** The first page: is everything well, and what comes next. */
export async function todayView(ports: ViewPorts) {
  const { leader } = ports;
  const task = await currentTask(ports);
  const [seen] = await leader.db.query<{ n: string }>('SELECT count(*) AS n FROM devices WHERE seen_at > $1', [leader.now() - DAY_MS]);
  const devices = Number(seen?.n ?? 0);
  if (!task) return { task: null };
  const { taskId, config, slot } = task;
  const { states } = await counts(ports, taskId);
  const champion = await championVersion(leader.db, taskId);
  const [row] = await leader.db.query<{ run_id: string | null }>('SELECT run_id FROM models WHERE task_id = $1 AND version = $2', [
    taskId,
    champion,
  ]);
  const metrics = row?.run_id
    ? await leader.db.query<{ key: string; value: number }>('SELECT key, value FROM metrics WHERE run_id = $1', [row.run_id])
    : [];
  const waiting = await leader.db.query('SELECT version FROM models WHERE task_id = $1 AND status = $2 AND version > $3', [
    taskId,
    'candidate',
    champion,
  ]);
  const helperReachable = await ports.helperReachable();
  return {
    task: {
      id: toHex(taskId),
      preset: config.preset,
      k: config.k,
      slot,
      slotEnds: config.interval_ms === 0 ? null : slotBegins(config, slot + 1),
    },
    held: states['held'] ?? 0,
    isReleased: (await lastSlot(leader.db, taskId)) >= slot,
    devices: devices === 0 || devices >= LEAST_COUNT || ports.isTrial ? devices : null,
    champion: { version: champion, metrics: Object.fromEntries(metrics.map((m) => [m.key, m.value])) },
    candidates: waiting.length,
    helperReachable,
    epsilon: await epsilons(ports, config, slot),
  };
}
