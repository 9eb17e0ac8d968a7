import { type Network, predict } from '../difficulty/personal-model.ts';
import type { Question } from '../difficulty/question.ts';
import { judgePolicy, type LoggedChoice, type PolicyValue } from '../recommend/off-policy.ts';
import { answerWith, beginRun, chooseOurs, type SimulatorName } from './recommender-study.ts';

/** What the log says another policy is worth, and what it is worth in truth. */
export interface OffPolicyReport {
  readonly value: PolicyValue;
  readonly truth: number;
}

/**
 * Our policy's log on simulated learners, judged for the policy that draws evenly from the same list: reward y − p of the item asked, its
 * expectation by the model 0. The truth is the mean over the list of what each item would have given, which only a simulator knows.
 */
export function judgeEvenDraws(simulator: SimulatorName, network: Network, learners: number, answers: number): OffPolicyReport {
  const choices: LoggedChoice[] = [];
  let truth = 0;
  for (let seed = 0; seed < learners; seed++) {
    const run = beginRun(simulator, network, 40_000 + seed);
    for (let n = 0; n < answers; n++) {
      const { pick, list } = chooseOurs(run.desk);
      const gap = (item: number) => run.learner.chance(item) - predict(run.desk.model, run.desk.questions[item] as Question).p;
      truth += list.reduce((sum, item) => sum + gap(item), 0) / list.length;
      const { p } = pick.scored.option;
      const y = answerWith(run, Number(pick.scored.option.itemId));
      choices.push({ logged: pick.propensity, target: 1 / pick.eligibleCount, reward: y - p, expected: 0, expectedOfTarget: 0 });
    }
  }
  return { value: judgePolicy(choices), truth: truth / choices.length };
}
