/** Each role loads what it needs, so that none waits for the others' libraries. */
const ROLES: Readonly<Record<string, () => Promise<void>>> = {
  local: async () => (await import('./roles/local.ts')).runLocal(),
  leader: async () => (await import('./roles/leader.ts')).runLeader(),
  helper: async () => (await import('./roles/helper.ts')).runHelper(),
  tracking: async () => (await import('./roles/tracking.ts')).runTracking(),
};
// A conformance test names a schema of its own: it wants the tracking server alone, whatever else is asked for.
const name = process.env['EG_TEST_MODE'] === '1' && process.env['EG_TEST_SCHEMA'] ? 'tracking' : (process.argv[2] ?? 'local');
const run = Object.hasOwn(ROLES, name) ? ROLES[name] : undefined;

if (!run) {
  console.error(`There is no role "${name}": local, leader, helper or tracking.`);
  process.exit(2);
}
run().catch((cause: unknown) => {
  console.error(cause instanceof Error ? cause.message : cause);
  process.exit(1);
});
