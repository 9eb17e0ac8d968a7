import { runHelper } from './roles/helper.ts';
import { runLeader } from './roles/leader.ts';
import { runLocal } from './roles/local.ts';

const ROLES: Readonly<Record<string, () => Promise<void>>> = { local: runLocal, leader: runLeader, helper: runHelper };
const name = process.argv[2] ?? 'local';
const run = Object.hasOwn(ROLES, name) ? ROLES[name] : undefined;

if (!run) {
  console.error(`There is no role "${name}": local, leader or helper.`);
  process.exit(2);
}
run().catch((cause: unknown) => {
  console.error(cause instanceof Error ? cause.message : cause);
  process.exit(1);
});
