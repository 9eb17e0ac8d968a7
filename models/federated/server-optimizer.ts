/** FedAdam's constants (Reddi et al. 2021, arXiv:2003.00295, algorithm 2); the rate stands in the signed configuration. */
export const SERVER_ADAM = { beta1: 0.9, beta2: 0.99, tau: 1e-4 } as const;
/** The served weights are the mean of this latest share of iterates. */
export const AVERAGED_SHARE = 0.2;

/** State of the server's optimiser; plain arrays, so that it can be stored as it is. */
export interface ServerState {
  readonly m: Float64Array;
  readonly v: Float64Array;
  /** All iterates so far, oldest first, the start included; each shape [1473]. */
  readonly iterates: readonly Float32Array[];
}

/** Before the first flush. @param start weights of the start model */
export function startServer(start: Float32Array): ServerState {
  return { m: new Float64Array(start.length), v: new Float64Array(start.length), iterates: [start] };
}

/**
 * One flush's mean update taken in: a pure step, so that a recomputation gives the same bytes.
 *
 * @param mean noised mean of the updates, shape [1473], weight units
 * @param rate step size
 */
export function serverStep(state: ServerState, mean: Float64Array, rate: number): ServerState {
  const { beta1, beta2, tau } = SERVER_ADAM;
  const m = state.m.map((old, i) => beta1 * old + (1 - beta1) * (mean[i] as number));
  const v = state.v.map((old, i) => beta2 * old + (1 - beta2) * (mean[i] as number) ** 2);
  const last = state.iterates.at(-1) as Float32Array;
  const next = last.map((w, i) => w + (rate * (m[i] as number)) / (Math.sqrt(v[i] as number) + tau));
  return { m, v, iterates: [...state.iterates, next] };
}

/** What is served: the mean of the last fifth of the iterates, at least the last one; the start before any step. */
export function servedWeights({ iterates }: ServerState): Float32Array {
  const n = Math.max(1, Math.ceil(AVERAGED_SHARE * (iterates.length - 1)));
  const sum = new Float64Array((iterates[0] as Float32Array).length);
  for (const w of iterates.slice(-n)) for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] as number) + (w[i] as number);
  return Float32Array.from(sum, (x) => x / n);
}
