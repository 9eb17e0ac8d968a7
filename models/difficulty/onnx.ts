import { FEATURE_COUNT, floatsToBytes, LAYERS, WEIGHT_COUNT } from '../learner.ts';

/** Bytes of a protobuf message as it grows. */
type Bytes = number[];

function varint(value: number): Bytes {
  const bytes: Bytes = [];
  let left = value;
  while (left > 127) {
    bytes.push((left % 128) | 128);
    left = Math.floor(left / 128);
  }
  return [...bytes, left];
}

const utf8 = (text: string): Bytes => [...text].map((c) => c.charCodeAt(0));
/** A field with a number. */
const int = (field: number, value: number): Bytes => [...varint(field * 8), ...varint(value)];
/** A field with bytes: a text, a message, raw data. */
const sized = (field: number, bytes: ArrayLike<number>): Bytes => [...varint(field * 8 + 2), ...varint(bytes.length), ...Array.from(bytes)];
const text = (field: number, value: string): Bytes => sized(field, utf8(value));

/** TensorProto: float32, little-endian. */
function tensor(name: string, dims: readonly number[], values: Float32Array): Bytes {
  return [...dims.flatMap((d) => int(1, d)), ...int(2, 1), ...text(8, name), ...sized(9, floatsToBytes(values))];
}

const node = (op: string, inputs: readonly string[], output: string): Bytes => [
  ...inputs.flatMap((name) => text(1, name)),
  ...text(2, output),
  ...text(3, output),
  ...text(4, op),
];

/** ValueInfoProto of a float32 matrix [n, columns]. */
function matrix(name: string, columns: number): Bytes {
  const shape = [...sized(1, text(2, 'n')), ...sized(1, int(1, columns))];
  return [...text(1, name), ...sized(2, sized(1, [...int(1, 1), ...sized(2, shape)]))];
}

/**
 * The network with a learner's own offset and feature weights as an ONNX model: input `features` [n, 28], output `probability` [n, 1], both
 * float32; P = σ(network(x) + θ + δ·x). Offsets per skill are left out: they belong to a question, not to its features.
 *
 * @param weights shape [1473], as everywhere
 * @param theta   the learner's offset, log-odds
 * @param delta   the learner's feature weights, shape [28]
 * @throws RangeError on wrong lengths
 * @see https://github.com/onnx/onnx/blob/main/onnx/onnx.proto (IR version 7, operator set 13)
 */
export function onnxModel(weights: Float32Array, theta: number, delta: Float32Array): Uint8Array {
  if (weights.length !== WEIGHT_COUNT || delta.length !== FEATURE_COUNT) throw new RangeError('weights [1473] and delta [28] are wanted');
  const initializers = LAYERS.flatMap((l) => [
    tensor(`${l.name}.kernel`, [l.inputs, l.outputs], weights.subarray(l.kernel, l.kernel + l.inputs * l.outputs)),
    tensor(`${l.name}.bias`, [l.outputs], weights.subarray(l.bias, l.bias + l.outputs)),
  ]);
  const personal = [tensor('personal.delta', [FEATURE_COUNT, 1], delta), tensor('personal.theta', [1], Float32Array.of(theta))];
  const nodes = [
    node('Gemm', ['features', 'hidden1.kernel', 'hidden1.bias'], 'sum1'),
    node('Relu', ['sum1'], 'active1'),
    node('Gemm', ['active1', 'hidden2.kernel', 'hidden2.bias'], 'sum2'),
    node('Relu', ['sum2'], 'active2'),
    node('Gemm', ['active2', 'output.kernel', 'output.bias'], 'network'),
    node('Gemm', ['features', 'personal.delta', 'personal.theta'], 'personal'),
    node('Add', ['network', 'personal'], 'logit'),
    node('Sigmoid', ['logit'], 'probability'),
  ];
  const graph = [
    ...nodes.flatMap((n) => sized(1, n)),
    ...text(2, 'difficulty'),
    ...[...initializers, ...personal].flatMap((t) => sized(5, t)),
    ...sized(11, matrix('features', FEATURE_COUNT)),
    ...sized(12, matrix('probability', 1)),
  ];
  return Uint8Array.from([...int(1, 7), ...text(2, 'examsgraph'), ...sized(7, graph), ...sized(8, [...text(1, ''), ...int(2, 13)])]);
}
