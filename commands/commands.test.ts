import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { syntheticExam, syntheticLearner } from '#models/synthetic/learners.ts';
import { seededRng } from '#shared/maths/rng.ts';
import { packTexts, samplePack } from '#shared/testing/sample-pack.ts';

const folder = mkdtempSync(join(tmpdir(), 'examsgraph-commands-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(command: string, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', `commands/${command}.ts`, ...args], {
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

/** Synthetic learners in the format of response data. */
function sampleData(): { readonly data: string; readonly qmatrix: string } {
  const rng = seededRng(5);
  const exam = syntheticExam(40, 5, rng);
  const rows = Array.from({ length: 60 }, (_, learner) =>
    syntheticLearner(exam, 80, rng).map((a, order) => [learner, order, a.item, 0, a.y, 0, learner % 5 === 0 ? 'test' : 'train'].join(',')),
  ).flat();
  const data = join(folder, 'data.csv.gz');
  const qmatrix = join(folder, 'qmatrix.csv');
  writeFileSync(data, gzipSync(`learner,order,item,skill,correct,timestamp_s,split\n${rows.join('\n')}\n`));
  writeFileSync(qmatrix, `item,skills\n${exam.items.map((item, i) => `${i},${item.skills.join(' ')}`).join('\n')}\n`);
  return { data, qmatrix };
}

describe('evaluate', () => {
  const { data, qmatrix } = sampleData();
  const evaluate = (model: string, ...more: string[]) =>
    run('evaluate', '--data', data, '--qmatrix', qmatrix, '--split', 'gervet', '--model', model, ...more);

  test.each(['mlp', 'best-lr', 'hybrid', 'pfa', 'irt', 'elo'])(
    'trains %s on the training learners and scores the test learners, with one JSON object on the last line',
    (model) => {
      const { status, stdout } = evaluate(model, '--json');
      expect(status).toBe(0);
      const result = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Record<string, number>;
      expect(Object.keys(result).sort()).toEqual(['accuracy', 'auc', 'brier', 'ece', 'logLoss', 'majorityAccuracy', 'n', 'seconds']);
      expect(result['n']).toBe(12 * 80);
      expect(result['auc']).toBeGreaterThan(0.6);
      expect(result['logLoss']).toBeLessThan(0.69);
    },
  );

  test('--full tells everything measured, the personal layer beside the shared model', () => {
    const { stdout } = evaluate('mlp', '--json', '--full', '--tau', '0.6');
    const { runs } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as { runs: Record<string, unknown>[] };
    expect(runs).toHaveLength(1);
    expect(runs[0]).toMatchObject({ parameters: 1473, served: { n: 12 * 80 }, selective: { coverage: expect.any(Number) } });
  });

  test('without data the table says so and exits 2', () => {
    const { status, stderr } = run('evaluate', '--data-folder', folder);
    expect([status, stderr.includes('no data in')]).toEqual([2, true]);
  });

  test('the same seed gives the same scores, another seed others', () => {
    const last = (text: string) => ({ ...(JSON.parse(text.trim().split('\n').at(-1) ?? '') as object), seconds: 0 });
    expect(last(evaluate('mlp', '--json').stdout)).toEqual(last(evaluate('mlp', '--json').stdout));
    expect(last(evaluate('mlp', '--json', '--seeds', '2').stdout)).not.toEqual(last(evaluate('mlp', '--json').stdout));
  });

  test.each([
    [['--data', 'nowhere.csv', '--qmatrix', qmatrix, '--model', 'mlp'], 'nowhere.csv: cannot be read'],
    [['--data', qmatrix, '--qmatrix', qmatrix, '--model', 'mlp'], 'line 1: missing column learner'],
    [['--data', data, '--qmatrix', qmatrix, '--model', 'magic'], 'unknown model "magic"'],
    [['--data', data, '--qmatrix', qmatrix, '--model', 'mlp', '--split', 'x'], 'unknown split "x"'],
    [['--data', data, '--qmatrix', qmatrix, '--model', 'mlp', '--seeds', '0'], '--seeds must be a whole number'],
    [['--data', data], '--data, --qmatrix and --model are needed'],
  ])('says what is wrong with %j and exits 2', (args, words) => {
    const { status, stderr } = run('evaluate', ...args);
    expect([status, stderr.includes(words)]).toEqual([2, true]);
    expect(stderr).not.toContain('    at ');
  });
});

describe('egpack', () => {
  const source = join(folder, 'pack');
  const texts = packTexts(samplePack(6));

  test('validates, builds, and validates what it built', () => {
    spawnSync('mkdir', ['-p', source]);
    writeFileSync(join(source, 'manifest.json'), texts.manifest);
    writeFileSync(join(source, 'items.jsonl'), texts.items);
    const target = join(folder, 'out', 'pack.egpack');
    expect(run('egpack', 'validate', source).stdout).toContain('6 items in 2 topics, ko and en, version 1.2.3: valid');
    expect(run('egpack', 'build', source, target).status).toBe(0);
    expect(existsSync(target)).toBe(true);
    expect(run('egpack', 'validate', target).stdout).toContain('valid');
  });

  test('names file and line of a fault and exits 1', () => {
    writeFileSync(join(source, 'items.jsonl'), texts.items.replace('"correct":true', '"correct":false'));
    const { status, stderr } = run('egpack', 'validate', source);
    expect([status, stderr.trim()]).toEqual([1, 'items.jsonl:1: exactly one option must be correct, found 0']);
  });

  test('answers --help', () => {
    for (const command of ['egpack', 'evaluate', 'push-log', 'study', 'train-start'])
      expect(run(command, '--help')).toMatchObject({ status: 0, stdout: expect.stringContaining('npm run') });
  });
});

describe('accountant', () => {
  const rowsFile = (rows: readonly object[]): string => {
    const file = join(mkdtempSync(join(tmpdir(), 'examsgraph-rows-')), 'rows.json');
    writeFileSync(file, JSON.stringify({ meta: { order_sets: {} }, rows }));
    return file;
  };
  const sound = {
    id: 'A',
    kind: 'gaussian-exact-delta',
    inputs: { sigma: 1, sensitivity: 1, epsilon: 1 },
    expected: 0.12693674,
    tolerance: 1e-7,
  };
  const account = (rows: readonly object[]) => run('accountant', '--rows', rowsFile(rows), '--json');

  test('prints value, reference and verdict of every row, and lists kinds not supported yet as such', () => {
    const { status, stdout } = account([sound, { ...sound, id: 'B', kind: 'prv-upper-epsilon' }]);
    expect(status).toBe(0);
    const { rows } = JSON.parse(stdout) as { rows: { id: string; verdict: string }[] };
    expect(rows.map((r) => [r.id, r.verdict])).toEqual([
      ['A', 'within'],
      ['B', 'not-supported'],
    ]);
  });

  test('ends with 1 when a supported row is out, and with 2 when the file cannot be read', () => {
    expect(account([{ ...sound, expected: 0.2 }]).status).toBe(1);
    expect(account([{ ...sound, inputs: {} }]).status).toBe(1);
    expect(run('accountant', '--rows', '/nowhere.json').status).toBe(2);
  });
});

describe('simulate', () => {
  test('sends synthetic learners through leader and helper, and keeps an installation to look at', () => {
    const folder = mkdtempSync(join(tmpdir(), 'examsgraph-weeks-'));
    chmodSync(folder, 0o755);
    const { status, stdout } = run('simulate', '--weeks', '2', '--learners', '12', '--preset', 'demo', '--into', folder, '--json');
    expect(status).toBe(0);
    const { slots } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as { slots: { slot: number; auc: number; noiseNorm: number }[] };
    expect(slots.map((s) => s.slot)).toEqual([1, 2]);
    for (const { auc, noiseNorm } of slots) {
      expect(auc).toBeGreaterThan(0.6);
      expect(noiseNorm).toBeGreaterThan(0.01);
    }
    expect(existsSync(join(folder, 'simulated'))).toBe(true);
    rmSync(folder, { recursive: true, force: true });
  });

  test('says in one sentence what is wrong with its arguments', () => {
    expect(run('simulate', '--weeks', '2', '--preset', 'loud').status).toBe(2);
    expect(run('simulate').status).toBe(2);
  });
});

// the stock Python client is not ours to install: where it is there, it is let to live its life
if (spawnSync('python3', ['-c', 'import mlflow']).status === 0) {
  test('the stock Python client of MLflow lives a whole life against our server', () => {
    const { status, stdout } = run('conformance-mlflow');
    expect(stdout).toContain('every step worked');
    expect(status).toBe(0);
  });
}
