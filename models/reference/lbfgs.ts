/** A smooth function to minimise: returns its value at w and writes its gradient into `gradient`; both shape [m]. */
export type Objective = (w: Float64Array, gradient: Float64Array) => number;

const MEMORY = 10;
const ARMIJO = 1e-4;

const dot = (a: Float64Array, b: Float64Array): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
};

const plus = (a: Float64Array, scale: number, b: Float64Array): Float64Array => a.map((ai, i) => ai + scale * (b[i] as number));

interface Pair {
  readonly s: Float64Array;
  readonly y: Float64Array;
  readonly rho: number;
}

/** The two-loop recursion (Nocedal and Wright 2006, algorithm 7.4): minus the approximate inverse Hessian times the gradient. */
function direction(gradient: Float64Array, curvature: Float64Array, pairs: readonly Pair[]): Float64Array {
  let q: Float64Array = gradient.map((g) => -g);
  const alphas: number[] = [];
  for (const { s, y, rho } of [...pairs].reverse()) {
    const alpha = rho * dot(s, q);
    alphas.unshift(alpha);
    q = plus(q, -alpha, y);
  }
  q = q.map((qi, i) => qi / (curvature[i] as number));
  pairs.forEach(({ s, y, rho }, i) => {
    q = plus(q, (alphas[i] as number) - rho * dot(y, q), s);
  });
  return q;
}

/**
 * Minimise a convex function from 0 by limited-memory BFGS with backtracking line search.
 *
 * @param curvature a guess of the second derivative along each axis, > 0, shape [m]: it sets the scale of the first steps
 * @param onStep told the value after every step; the search ends when a step gains less than 1e-7 of it, or after `maxSteps`
 */
export function minimise(
  objective: Objective,
  curvature: Float64Array,
  maxSteps: number,
  onStep: (step: number, value: number) => void,
): Float64Array {
  let w: Float64Array = new Float64Array(curvature.length);
  let gradient: Float64Array = new Float64Array(w.length);
  let value = objective(w, gradient);
  const pairs: Pair[] = [];
  for (let step = 0; step < maxSteps; step++) {
    const d = direction(gradient, curvature, pairs);
    const slope = dot(d, gradient);
    let length = 1;
    let next = plus(w, length, d);
    const nextGradient = new Float64Array(w.length);
    let nextValue = objective(next, nextGradient);
    while (nextValue > value + ARMIJO * length * slope && length > 1e-10) {
      length /= 2;
      next = plus(w, length, d);
      nextValue = objective(next, nextGradient);
    }
    const s = plus(next, -1, w);
    const y = plus(nextGradient, -1, gradient);
    const bend = dot(s, y);
    if (bend > 1e-12) pairs.push({ s, y, rho: 1 / bend });
    if (pairs.length > MEMORY) pairs.shift();
    const gain = value - nextValue;
    w = next;
    gradient = nextGradient;
    value = nextValue;
    onStep(step, value);
    if (gain < 1e-7 * Math.abs(value)) break;
  }
  return w;
}
