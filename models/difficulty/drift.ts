import { sigmoid } from '#shared/maths/logistic.ts';

/** Whether the shared model has stopped describing this learner: a Page–Hinkley test on its excess loss. */
export interface Drift {
  /** Excess gathered, nats; the alarm goes off above 10. */
  level: number;
  /** Answers since the latest alarm; null if there was none. */
  sinceAlarm: number | null;
}

const ALLOWED = 0.1;
const ALARM = 10;
/** For so many answers after an alarm the personal layer learns faster, and no score is predicted. */
export const UNSETTLED = 30;

/** No answer seen. */
export const noDrift = (): Drift => ({ level: 0, sinceAlarm: null });

/**
 * One more answer (Page 1954, Hinkley 1971): g <- max(0, g + x - .1), x the loss of the network alone minus the entropy of its p, whose
 * mean is 0 while p is calibrated; alarm at g > 10, then from 0 again. In place.
 */
export function watchDrift(drift: Drift, net: number, y: 0 | 1): void {
  // the loss of y minus p · loss of 1 minus (1 - p) · loss of 0, which is this, since the two losses differ by the logit
  const excess = (sigmoid(net) - y) * net;
  drift.level = Math.max(0, drift.level + excess - ALLOWED);
  if (drift.sinceAlarm !== null) drift.sinceAlarm += 1;
  if (drift.level <= ALARM) return;
  drift.level = 0;
  drift.sinceAlarm = 0;
}

/** Whether an alarm is so recent that nothing should be promised yet. */
export const isUnsettled = ({ sinceAlarm }: Drift): boolean => sinceAlarm !== null && sinceAlarm < UNSETTLED;
