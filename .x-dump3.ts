import { readFileSync, writeFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { priorlessAnswers } from '#models/difficulty/from-responses.ts';
import { abilityTables } from '#models/difficulty/ability-tables.ts';
import { learn, newLayer } from '#models/difficulty/personal-layer.ts';
import { tablesFrom } from '#models/difficulty/tables.ts';
import { countsOf, outOfFoldRows, rowsOf } from '#models/difficulty/training-rows.ts';
import { trainPredictor } from '#models/evaluation/predictors.ts';
import { splitBy } from '#models/evaluation/splits.ts';
import { trainCentral } from '#models/reference/train-central.ts';
import { logitsOf } from '#models/reference/network.ts';
import { parseQMatrix, parseResponses } from '#shared/domain/response-data.ts';
import { seededRng } from '#shared/maths/rng.ts';
const D = '/work/shared/data/';
const text = (f: string) => gunzipSync(readFileSync(D + f)).toString('utf8');
const load = (name: string) => { const r: any = parseResponses(text(`${name}.csv.gz`)); const q: any = parseQMatrix(text(`${name}_qmatrix.csv.gz`)); return { r: r.value, q: q.value }; };
const [set, foldsArg, kinds] = process.argv.slice(2) as [string, string, string];
const { r, q } = load(set);
const outer: any = splitBy('gervet', r);
const learners = outer.value.train.map((l: any) => priorlessAnswers([l], q)[0]);
let sp: any = null; let sp2: any = null;
const spanishData = () => { const s = load('spanish_gervet_testpart'); return priorlessAnswers(s.r, s.q); };
for (const fold of foldsArg.split(',').map(Number)) {
  const train = learners.filter((_: any, i: number) => i % 5 !== fold), test = learners.filter((_: any, i: number) => i % 5 === fold);
  for (const kind of kinds.split(',')) {
    let forecast: any;
    if (kind === 'spanish' || kind === 'spcount') {
      const tables = kind === 'spanish' ? abilityTables(train) : tablesFrom(countsOf(train));
      if (kind === 'spanish') sp ??= trainPredictor('mlp', spanishData(), 0, () => {}).weights; else sp2 ??= trainCentral(outOfFoldRows(spanishData(), 10), seededRng(0), () => {});
      const w = kind === 'spanish' ? sp : sp2;
      forecast = (a: any) => { const { x } = rowsOf([a], () => tables); return { logits: logitsOf(w, x), x }; };
    } else {
      const p = trainPredictor(kind === 'hybrid' ? 'hybrid' : 'mlp', kind === 'few' ? train.slice(0, 60) : train, 0, () => {});
      forecast = (a: any) => p.forecast(a);
    }
    for (const f of [1, 2]) {
      const out = test.map((answers: any) => {
        const { logits, x } = forecast(answers);
        const layer = newLayer(); const ls: number[][] = [[], [], [], []];
        answers.forEach(({ question, y }: any, i: number) => {
          learn(layer, logits[i] as number, question, x.subarray(i * 28, (i + 1) * 28), y, { offset: .05 * f, weights: .005 * f });
          (['none', 'offset', 'weights', 'both'] as const).forEach((v, k) => ls[k]!.push(Number(layer.losses[v].at(-1)!.toPrecision(6))));
        });
        return { ls, y: answers.map((a: any) => a.y) };
      });
      writeFileSync(`/tmp/v${f}-${set.slice(0, 4)}-${kind}-${fold}.json`, JSON.stringify(out));
    }
    console.log(set, kind, fold, new Date().toISOString());
  }
}
