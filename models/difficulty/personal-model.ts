import { clip, sigmoid } from '#shared/maths/logistic.ts';
import { FEATURE_COUNT } from '../learner.ts';
import { advance, type History, noHistory, writeFeatures } from './features.ts';
import { type LayerRates, learn, newLayer, type PersonalLayer, servedChance } from './personal-layer.ts';
import type { Answer, Question } from './question.ts';
import type { DifficultyTables } from './tables.ts';

/** The network as a function of one row of standardised features. */
export type Network = (x: Float32Array) => number;

/** One learner's model in one exam: shared parts as they came, personal parts as they are now. `history` and `layer` change in place. */
export interface PersonalModel {
  readonly network: Network;
  /** The shared network that `network` was fine-tuned from; absent where it is the shared one. It serves whenever the learner's own has fallen behind. */
  readonly shared?: Network | undefined;
  readonly tables: DifficultyTables;
  readonly history: History;
  readonly layer: PersonalLayer;
  /** Learning rates of the layer, where a search has found better ones. */
  readonly rates?: LayerRates | undefined;
}

/** A model that has seen no answer. */
export function freshModel(network: Network, tables: DifficultyTables): PersonalModel {
  return { network, tables, history: noHistory(), layer: newLayer() };
}

/** What the model says of the next answer to a question. */
export interface Prediction {
  /** Served P(correct), within [.001, .999]. */
  readonly p: number;
  /** The shared network's own P(correct), with nothing personal. */
  readonly networkP: number;
}

// room made once: thousands of questions are ranked while the learner waits
const x = new Float32Array(FEATURE_COUNT);

/** P(correct) of the next answer, served and network alone. */
export function predict(model: PersonalModel, question: Question): Prediction {
  writeFeatures(x, 0, model.history, question, model.tables);
  const net = model.network(x);
  const shared = model.shared ? model.shared(x) : net;
  const served = servedChance(model.layer, net, question, x, shared);
  return { p: clip(served, 0.001, 0.999), networkP: clip(sigmoid(shared), 0.001, 0.999) };
}

/** The layer alone learns one answer, in place, constant time; the history stays. @returns what was predicted before it */
export function teach(model: PersonalModel, answer: Answer): Prediction {
  writeFeatures(x, 0, model.history, answer.question, model.tables);
  const net = model.network(x);
  const shared = model.shared ? model.shared(x) : net;
  const served = learn(model.layer, net, answer.question, x, answer.y, model.rates, shared);
  return { p: clip(served, 0.001, 0.999), networkP: clip(sigmoid(shared), 0.001, 0.999) };
}

/** Take one answer in: the layer learns, then the history moves on; in place, constant time. @returns what was predicted before it */
export function absorb(model: PersonalModel, answer: Answer): Prediction {
  const prediction = teach(model, answer);
  advance(model.history, answer);
  return prediction;
}
