/** Numbers of any width, in place. */
export type Numbers = Float32Array | Float64Array;

/** to[toAt + j] += scale · from[fromAt + j] for j < n. */
export function addScaled(to: Numbers, toAt: number, scale: number, from: Numbers, fromAt: number, n: number): void {
  for (let j = 0; j < n; j++) to[toAt + j] = (to[toAt + j] as number) + scale * (from[fromAt + j] as number);
}

/** Σ a[aAt + j] · b[bAt + j] for j < n. */
export function dot(a: Numbers, aAt: number, b: Numbers, bAt: number, n: number): number {
  let sum = 0;
  for (let j = 0; j < n; j++) sum += (a[aAt + j] as number) * (b[bAt + j] as number);
  return sum;
}

/** out[j] += Σ x[xAt + i] · w[wAt + i·n + j]: a row vector times a matrix [m][n]. */
export function addProduct(out: Numbers, outAt: number, x: Numbers, xAt: number, m: number, w: Numbers, wAt: number, n: number): void {
  for (let i = 0; i < m; i++) {
    const xi = x[xAt + i] as number;
    if (xi !== 0) addScaled(out, outAt, xi, w, wAt + i * n, n);
  }
}

/** The reverse of `addProduct` for one error row d: adds x dᵀ to the matrix's gradient; dx[i] += w[i] · d unless dx is null. */
export function addProductGradient(
  gradient: Numbers,
  dx: Numbers | null,
  d: Numbers,
  x: Numbers,
  xAt: number,
  m: number,
  w: Numbers,
  wAt: number,
  n: number,
): void {
  for (let i = 0; i < m; i++) {
    const xi = x[xAt + i] as number;
    if (xi !== 0) addScaled(gradient, wAt + i * n, xi, d, 0, n);
    if (dx) dx[i] = (dx[i] as number) + dot(w, wAt + i * n, d, 0, n);
  }
}
