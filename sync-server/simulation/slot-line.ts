/** What a slot of the simulation came to. */
export interface SlotLine {
  readonly slot: number;
  readonly auc: number;
  readonly logLoss: number;
  readonly noiseNorm: number;
  readonly rhoRunning: number;
  readonly rhoCap: number;
  readonly epsilonRunning: number;
  readonly epsilonCap: number;
  readonly gatesPassed: boolean;
  readonly bytes: number;
  readonly seconds: number;
}

/** A slot as one line of text. @param isTrial no epsilon is claimed then */
export function lineOf(line: SlotLine, isTrial: boolean): string {
  const epsilon = isTrial ? 'trial: none claimed' : `${line.epsilonRunning.toFixed(4)} (cap ${line.epsilonCap.toFixed(4)})`;
  return (
    `slot ${String(line.slot).padStart(3)}  AUC ${line.auc.toFixed(4)}  log loss ${line.logLoss.toFixed(4)}  noise ${line.noiseNorm.toFixed(4)}  ` +
    `rho ${line.rhoRunning.toFixed(6)} (cap ${line.rhoCap.toFixed(6)})  eps ${epsilon}  gates ${line.gatesPassed ? 'passed' : 'failed'}  ` +
    `${(line.bytes / 1e6).toFixed(2)} MB  ${line.seconds.toFixed(1)} s`
  );
}
