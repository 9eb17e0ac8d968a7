/** 1 / (1 + e^-l), without overflow for any l. */
export function sigmoid(l: number): number {
  return l >= 0 ? 1 / (1 + Math.exp(-l)) : Math.exp(l) / (1 + Math.exp(l));
}

/** ln(p / (1 - p)); p in (0, 1). */
export function logit(p: number): number {
  return Math.log(p / (1 - p));
}

/** x held within [low, high]. */
export function clip(x: number, low: number, high: number): number {
  return x < low ? low : Math.min(x, high);
}

/** Binary cross-entropy in nats from the logit, `max(l, 0) - l y + ln(1 + e^-|l|)`: exact where p itself would round to 0 or 1. */
export function crossEntropyOfLogit(l: number, y: number): number {
  return Math.max(l, 0) - l * y + Math.log1p(Math.exp(-Math.abs(l)));
}

/** Binary cross-entropy in nats of a probability, held 1e-6 away from 0 and 1. */
export function crossEntropy(p: number, y: number): number {
  const held = clip(p, 1e-6, 1 - 1e-6);
  return y === 1 ? -Math.log(held) : -Math.log(1 - held);
}
