import { FEATURE_COUNT, floatsToBytes, LAYERS, WEIGHT_COUNT } from '../learner.ts';

/** Name of the file of weights beside `model.json`. */
export const LAYERS_MODEL_WEIGHTS = 'group1-shard1of1.bin';

/** A model as TensorFlow.js loads it: `model.json` and the file of weights it names. */
export interface LayersModel {
  readonly json: string;
  readonly weights: Uint8Array;
}

type Inbound = readonly (readonly [name: string, node: 0, tensor: 0, args: Readonly<Record<string, never>>])[];

/** A layer of a functional Keras model, behind the layers named. */
function layer(className: string, name: string, config: Readonly<Record<string, unknown>>, ...from: readonly string[]) {
  const inbound: Inbound = from.map((source) => [source, 0, 0, {}]);
  return { class_name: className, name, config: { name, ...config }, inbound_nodes: from.length > 0 ? [inbound] : [] };
}

const dense = (name: string, units: number, activation: string, from: string) =>
  layer('Dense', name, { units, activation, use_bias: true }, from);

const TOPOLOGY = {
  class_name: 'Model',
  config: {
    name: 'difficulty',
    layers: [
      layer('InputLayer', 'features', { batch_input_shape: [null, FEATURE_COUNT], dtype: 'float32' }),
      ...LAYERS.map((l, i) =>
        dense(l.name, l.outputs, i === LAYERS.length - 1 ? 'linear' : 'relu', i === 0 ? 'features' : (LAYERS[i - 1]?.name ?? '')),
      ),
      dense('personal', 1, 'linear', 'features'),
      layer('Add', 'logit', {}, 'output', 'personal'),
      layer('Activation', 'probability', { activation: 'sigmoid' }, 'logit'),
    ],
    input_layers: [['features', 0, 0]],
    output_layers: [['probability', 0, 0]],
  },
};

/**
 * The network with a learner's own offset and feature weights, as `loadLayersModel` of TensorFlow.js takes it: features [n, 28] in, probability
 * [n, 1] out; P = σ(network(x) + θ + δ·x), as in the ONNX model.
 *
 * @param weights shape [1473], as everywhere
 * @param theta   the learner's offset, log-odds
 * @param delta   the learner's feature weights, shape [28]
 * @throws RangeError on wrong lengths
 * @see https://www.tensorflow.org/js/guide/save_load (layers-model format)
 */
export function layersModel(weights: Float32Array, theta: number, delta: Float32Array): LayersModel {
  if (weights.length !== WEIGHT_COUNT || delta.length !== FEATURE_COUNT) throw new RangeError('weights [1473] and delta [28] are wanted');
  const shapes = [...LAYERS, { name: 'personal', inputs: FEATURE_COUNT, outputs: 1 }].flatMap((l) => [
    { name: `${l.name}/kernel`, shape: [l.inputs, l.outputs], dtype: 'float32' },
    { name: `${l.name}/bias`, shape: [l.outputs], dtype: 'float32' },
  ]);
  const json = {
    format: 'layers-model',
    generatedBy: 'examsgraph',
    modelTopology: { keras_version: 'tfjs-layers 4.22.0', backend: 'tensor_flow.js', model_config: TOPOLOGY },
    weightsManifest: [{ paths: [LAYERS_MODEL_WEIGHTS], weights: shapes }],
  };
  return { json: JSON.stringify(json), weights: floatsToBytes([...weights, ...delta, theta]) };
}
