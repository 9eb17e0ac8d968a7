import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** A source file: its path from the root, and its text. */
interface Source {
  readonly path: string;
  readonly text: string;
}

/** What each room may import, itself aside. The longest matching room decides; what is not listed is refused. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'shared/domain': [],
  'shared/maths': ['shared/domain'],
  'shared/crypto': ['shared/domain', 'shared/maths'],
  'shared/privacy': ['shared/domain', 'shared/maths'],
  'shared/transparency': ['shared/domain', 'shared/maths', 'shared/crypto'],
  'shared/statistics': ['shared/domain', 'shared/maths', 'shared/crypto'],
  'shared/aggregation': ['shared/domain', 'shared/maths', 'shared/crypto', 'shared/privacy', 'shared/transparency', 'shared/statistics'],
  'shared/packs': ['shared/domain', 'shared/maths', 'shared/crypto'],
  'shared/tracking': ['shared/domain', 'shared/maths', 'shared/crypto'],
  'shared/testing': ['shared'],
  'models/reference': ['models/learner.ts', 'shared'],
  'models/tfjs': ['models/learner.ts', 'shared'],
  'models/difficulty': ['models/learner.ts', 'shared'],
  'models/recommend': ['models/learner.ts', 'shared'],
  'models/review': ['models/learner.ts', 'shared'],
  'models/patterns': ['models/learner.ts', 'shared'],
  'models/synthetic': ['models/learner.ts', 'shared'],
  'models/federated': ['models/learner.ts', 'shared'],
  'models/evaluation': ['models', 'shared'],
  'models/forecast': ['models/learner.ts', 'shared'],
  models: ['shared'],
  'client/ui': ['client/i18n', 'shared'],
  'client/i18n': [],
  'client/ports': ['models', 'shared'],
  'client/tutor': ['client/ports', 'client/sharing', 'client/backup', 'models', 'shared'],
  'client/backup': ['client/ports', 'shared'],
  'client/sharing': ['client/ports', 'models', 'shared'],
  'client/learner': ['client/tutor', 'client/sharing', 'client/backup', 'client/ports', 'client/ui', 'client/i18n', 'models', 'shared'],
  'client/storage': ['client/ports', 'models', 'shared'],
  'client/sync': ['client/ports', 'models', 'shared'],
  'client/workers': ['client/ports', 'models', 'models/tfjs', 'shared'],
  'client/dashboard': ['client/ports', 'client/ui', 'client/i18n', 'models', 'shared'],
  'client/dashboard/main.tsx': ['client', 'shared'],
  'client/push': ['client/ports', 'client/ui', 'client/i18n', 'shared'],
  'client/push/main.tsx': ['client', 'shared'],
  'client/app': ['client', 'models', 'shared'],
  'sync-server/ports': ['models', 'shared'],
  'sync-server/crypto': ['shared'],
  'sync-server/federation': ['sync-server/ports', 'models', 'shared'],
  'sync-server/analytics': ['sync-server/federation', 'sync-server/ports', 'models', 'shared'],
  'sync-server/governance': ['sync-server/ports', 'models', 'shared'],
  'sync-server/helper': ['sync-server/ports', 'models', 'shared'],
  'sync-server/simulation': ['sync-server/ports', 'models', 'shared'],
  'sync-server/tracking': ['sync-server/ports', 'shared'],
  'sync-server/http': [
    'sync-server/analytics',
    'sync-server/federation',
    'sync-server/governance',
    'sync-server/helper',
    'sync-server/tracking',
    'sync-server/ports',
    'sync-server/observability',
    'models',
    'shared',
  ],
  'sync-server/observability': ['shared'],
  'sync-server/storage': ['sync-server/ports', 'shared'],
  'sync-server/roles': ['sync-server', 'shared', 'models'],
  'sync-server/main.ts': ['sync-server', 'shared', 'models'],
  commands: ['shared', 'models', 'sync-server', 'commands/evaluation-table.ts'],
  bench: ['shared', 'models', 'models/tfjs', 'sync-server', 'bench/tracking'],
  'vite.plugins.ts': ['shared'],
};

/** The one folder each heavy package lives in. */
const HOMES: Readonly<Record<string, readonly string[]>> = {
  dexie: ['client/storage'],
  comlink: ['client/workers'],
  '@tensorflow/': ['models/tfjs'],
  '@noble/hashes': ['shared/crypto'],
  tweetnacl: ['shared/crypto'],
  'libsodium-wrappers': ['sync-server/crypto'],
  '@simplewebauthn/server': ['sync-server/governance'],
  '@simplewebauthn/browser': ['client/sync'],
  '@node-rs/argon2': ['sync-server/governance'],
  'rate-limiter-flexible': ['sync-server/http'],
  express: ['sync-server/http'],
  helmet: ['sync-server/http'],
  pg: ['sync-server/storage'],
  'node-pg-migrate': ['sync-server/storage'],
  'prom-client': ['sync-server/observability'],
  pino: ['sync-server/observability'],
  'workbox-window': ['client/app'],
  'ts-fsrs': ['models/review'],
  'fake-indexeddb': ['client/storage'],
  uplot: ['client/dashboard/runs'],
  '@aws-sdk/': ['sync-server/storage'],
};

/** Rooms whose every folder is a task that knows no other. */
const TASK_ROOMS = ['client/learner'];

const isTest = (path: string): boolean =>
  /\.(test|contract|spec)\.tsx?$|\/test-installation\.ts$/.test(path) ||
  path.startsWith('client/e2e/') ||
  path.startsWith('shared/testing/');
const isIn = (path: string, room: string): boolean => path === room || path.startsWith(`${room}/`);

function importsOf({ path, text }: Source): readonly string[] {
  const found = [...text.matchAll(/(?:from\s+|import\s*\(\s*|import\s+)['"]([^'"]+)['"]/g)].map((m) => m[1] ?? '');
  return found.map((target) => {
    if (target.startsWith('#')) return target.slice(1);
    return target.startsWith('.') ? normalize(join(dirname(path), target)) : target;
  });
}

const isOwn = (target: string): boolean => /^(shared|models|client|sync-server|commands|bench)\//.test(target);

function roomOf(path: string): string | undefined {
  return Object.keys(MAY_IMPORT)
    .filter((room) => isIn(path, room))
    .sort((a, b) => b.length - a.length)[0];
}

function mayImport(path: string, target: string): boolean {
  const room = roomOf(path);
  if (!room) return false;
  if (isIn(target, 'models/tfjs') && room !== 'models/tfjs') return (MAY_IMPORT[room] ?? []).includes('models/tfjs');
  if (room === 'commands' || room === 'bench') return (MAY_IMPORT[room] ?? []).some((allowed) => isIn(target, allowed));
  const task = TASK_ROOMS.find((r) => isIn(path, r) && isIn(target, r));
  if (task) return path.split('/')[2] === target.split('/')[2];
  return isIn(target, room) || (MAY_IMPORT[room] ?? []).some((allowed) => isIn(target, allowed));
}

function arrowFaults(source: Source): string[] {
  if (isTest(source.path)) return [];
  return importsOf(source).flatMap((target) =>
    isOwn(target) && !mayImport(source.path, target) ? [`${source.path} may not import ${target}`] : [],
  );
}

function homeFaults(source: Source): string[] {
  if (isTest(source.path)) return [];
  return importsOf(source).flatMap((target) => {
    const entry = Object.entries(HOMES).find(([name]) => target === name || target.startsWith(name.endsWith('/') ? name : `${name}/`));
    if (!entry) return [];
    return entry[1].some((home) => isIn(source.path, home))
      ? []
      : [`${source.path} imports ${target}, whose home is ${entry[1].join(', ')}`];
  });
}

function purityFaults({ path, text }: Source): string[] {
  const isPure = (isIn(path, 'shared') || isIn(path, 'models')) && !isIn(path, 'models/tfjs') && !isTest(path);
  return isPure && /\b(Date\.now|Math\.random|new Date\(\))/.test(text) ? [`${path} reads the clock or throws dice`] : [];
}

function styleFaults({ path, text }: Source): string[] {
  const faults: string[] = [];
  const lines = text.split('\n').length - 1;
  if (!isTest(path) && lines > 300) faults.push(`${path} has ${lines} lines`);
  if (/^export default\b/m.test(text) && !path.endsWith('.d.ts') && !/^[\w.]+\.config\.ts$/.test(path) && path !== 'client/e2e/serve.ts')
    faults.push(`${path} has a default export`);
  if (/\b(test|it|describe)\.(skip|only|todo)\b|\bx(it|describe)\(/.test(text) && path !== 'shared/house.test.ts')
    faults.push(`${path} skips a test`);
  if (/@ts-ignore|@ts-expect-error|\bas any\b|: any\b/.test(text) && path !== 'shared/house.test.ts')
    faults.push(`${path} has a type hole`);
  return faults;
}

/** Exports without a docstring right above them; tests, contracts and type-only ambient files aside. */
function docFaults({ path, text }: Source): string[] {
  if (isTest(path) || path.endsWith('.d.ts') || /\.config\.ts$/.test(path)) return [];
  const lines = text.split('\n');
  return lines.flatMap((line, i) => {
    if (!/^export (async )?(function|const|class|interface|type) /.test(line)) return [];
    const above = lines[i - 1] ?? '';
    return /\*\/$/.test(above.trim()) ? [] : [`${path}:${i + 1} has an export without a docstring`];
  });
}

const RULES = { arrowFaults, homeFaults, purityFaults, styleFaults, docFaults };
const faultsOf = (source: Source): string[] => Object.values(RULES).flatMap((rule) => rule(source));

function sources(): readonly Source[] {
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.ts', '*.tsx'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  return listed
    .split('\n')
    .filter((path) => path !== '')
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));
}

describe('the house', () => {
  const all = sources();

  test('every file keeps the arrows, the homes, purity, length and docstrings', () => {
    expect(all.length).toBeGreaterThan(80);
    expect(all.flatMap(faultsOf)).toEqual([]);
  });

  test('every room has its own tsconfig, and the root refers to each', () => {
    const { references } = JSON.parse(readFileSync(join(ROOT, 'tsconfig.json'), 'utf8')) as { references: { path: string }[] };
    const rooms = new Set(all.map(({ path }) => path.split('/')[0] ?? '').filter((room) => isOwn(`${room}/`)));
    for (const room of rooms) expect(references.map((r) => r.path)).toContain(`./${room}`);
  });

  test('pure rooms compile without browser, Node or timers', () => {
    for (const room of ['shared', 'models']) {
      const { compilerOptions } = JSON.parse(readFileSync(join(ROOT, room, 'tsconfig.json'), 'utf8')) as {
        compilerOptions: { lib: string[]; types: string[] };
      };
      expect(compilerOptions.lib).toEqual(['ES2023']);
      expect(compilerOptions.types).toEqual([]);
    }
  });

  test('the lockfile names no registry host and has an integrity for every package', () => {
    const text = readFileSync(join(ROOT, 'package-lock.json'), 'utf8');
    const { packages } = JSON.parse(text) as { packages: Record<string, { integrity?: string; link?: boolean }> };
    expect(text).not.toMatch(/"resolved":/);
    expect(Object.entries(packages).filter(([name, p]) => name !== '' && !p.integrity)).toEqual([]);
  });

  test('every test and command that the feature map or the README names exists, and so does every picture', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
    const text = ['docs/feature-map.md', 'README.md'].map((file) => readFileSync(join(ROOT, file), 'utf8')).join('\n');
    const files = [...text.matchAll(/`([\w./-]+\.(?:test|spec|contract)\.ts)`/g)].map((m) => m[1] ?? '');
    const pictures = [...text.matchAll(/\((docs\/[\w./-]+)\)/g)].map((m) => m[1] ?? '');
    const commands = [...text.matchAll(/npm run ([\w:-]+)/g)].map((m) => m[1] ?? '');
    expect(files.length).toBeGreaterThan(8);
    expect([...files, ...pictures].filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
    expect(commands.filter((name) => !scripts[name])).toEqual([]);
  });

  test('dependencies are pinned to exact versions', () => {
    const json = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Record<string, Record<string, string>>;
    const versions = ['dependencies', 'devDependencies', 'optionalDependencies'].flatMap((kind) => Object.values(json[kind] ?? {}));
    expect(versions.filter((v) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(v))).toEqual([]);
  });
});

describe('each guard sees a planted fault', () => {
  const doc = '/** Says something. */\n';
  const planted: readonly (readonly [string, string, string])[] = [
    ['arrowFaults', 'shared/domain/x.ts', `import { a } from '#models/learner.ts';`],
    ['arrowFaults', 'shared/maths/x.ts', `import { a } from '../packs/schema.ts';`],
    ['arrowFaults', 'models/recommend/x.ts', `import { a } from '../difficulty/features.ts';`],
    ['arrowFaults', 'models/difficulty/x.ts', `import { a } from '#models/reference/network.ts';`],
    ['arrowFaults', 'client/learner/study/x.tsx', `import { a } from '../home/home-page.tsx';`],
    ['arrowFaults', 'client/learner/study/x.tsx', `import { a } from '#client/storage/journal-database.ts';`],
    ['arrowFaults', 'client/learner/study/x.tsx', `import { a } from '#models/tfjs/backend.ts';`],
    ['arrowFaults', 'client/storage/x.ts', `import { a } from '#client/workers/worker-trainer.ts';`],
    ['arrowFaults', 'client/ui/x.tsx', `import { a } from '#client/tutor/tutor.ts';`],
    ['arrowFaults', 'client/app/x.ts', `import { a } from '#sync-server/main.ts';`],
    ['arrowFaults', 'sync-server/http/x.ts', `import { a } from '../storage/database.ts';`],
    ['arrowFaults', 'sync-server/storage/x.ts', `import { a } from '../http/app.ts';`],
    ['arrowFaults', 'sync-server/main.ts', `import { a } from '#client/app/app.tsx';`],
    ['arrowFaults', 'commands/x.ts', `import { a } from './evaluate.ts';`],
    ['arrowFaults', 'shared/domain/x.ts', `import { ok } from './result.ts'; import { a } from '#client/app/app.tsx';`],
    ['arrowFaults', 'shared/domain/x.ts', `const a = await import('#client/app/app.tsx');`],
    ['arrowFaults', 'shared/unknown/x.ts', `import { a } from '../domain/result.ts';`],
    ['homeFaults', 'client/app/x.ts', `import { Dexie } from 'dexie';`],
    ['homeFaults', 'client/tutor/x.ts', `import { wrap } from 'comlink';`],
    ['homeFaults', 'client/workers/x.ts', `import { ready } from '@tensorflow/tfjs-core';`],
    ['homeFaults', 'client/workers/x.ts', `import tf from '@tensorflow/tfjs';`],
    ['homeFaults', 'models/difficulty/x.ts', `import { sha256 } from '@noble/hashes/sha2.js';`],
    ['homeFaults', 'sync-server/main.ts', `import express from 'express';`],
    ['homeFaults', 'sync-server/http/x.ts', `import pg from 'pg';`],
    ['homeFaults', 'sync-server/http/x.ts', `import { Gauge } from 'prom-client';`],
    ['purityFaults', 'models/recommend/x.ts', 'const now = Date.now();'],
    ['purityFaults', 'shared/maths/x.ts', 'const dice = Math.random();'],
    ['styleFaults', 'client/ui/x.tsx', 'export default function X() {}'],
    ['styleFaults', 'shared/maths/x.test.ts', `test.skip('later', () => {});`],
    ['styleFaults', 'shared/maths/long.ts', 'x\n'.repeat(301)],
    ['styleFaults', 'shared/maths/x.ts', 'const x = y as any;'],
    ['docFaults', 'shared/maths/x.ts', `${doc}export const a = 1;\n\nexport function b() {}`],
  ];
  test.each(planted)('%s in %s', (rule, path, text) => {
    expect(RULES[rule as keyof typeof RULES]({ path, text })).not.toEqual([]);
  });

  test('and none in a file that keeps the rules', () => {
    const text = `import { clip } from '../maths/logistic.ts';\n\n${doc}export const a = clip(1, 0, 1);\n`;
    expect(faultsOf({ path: 'shared/packs/x.ts', text })).toEqual([]);
  });
});
