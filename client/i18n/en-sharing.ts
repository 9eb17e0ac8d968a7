import { count } from './english-count.ts';

/** Every text of the sharing page in English; fetched with that page. */
export const enSharing = {
  title: 'Sharing',
  lead: 'Everything here is off until you switch it on, and the app is complete without it.',
  training: 'Help the shared model learn',
  purpose:
    'When you are online, this phone may send one small update: how the shared model would have to change to predict your answers better. Your answers themselves never leave the phone.',
  sum: (k: number) =>
    `Before it leaves, the update is cut to a fixed size, noise is added, and it is masked so that the server can read only the sum of exactly ${k} learners’ updates, with more noise added by a second server.`,
  size: (bytes: string, most: number) => `One update is ${bytes}; at most ${count(most, 'update', 'updates')} in 52 weeks.`,
  odds: (epsilon: string, delta: string, fold: string) =>
    `The worst case over 52 weeks is ε ≤ ${epsilon} (δ = ${delta}): seeing everything that is published, an observer’s odds about whether you took part rise at most ${fold}-fold. At ε = 1 that would be 2.7-fold, at 4, 55-fold.`,
  trialOdds: 'This is a trial with few learners and hardly any noise: it shows how sharing works and protects nobody. No ε is claimed.',
  servers: (leader: string, helper: string) => `Leader: ${leader}. Helper: ${helper}.`,
  oneOperator: 'One organisation runs both servers: separation of keys, not of trust.',
  unprotected:
    'Not protected: that you take part, when and how often, your internet address, the size of the update, and which version of the model you have.',
  spent: 'You can stop at any time. What was summed already cannot be called back, and its share of ε stays spent.',
  age: 'How old are you?',
  under14: 'Under 14',
  from14: '14–15',
  from16: '16 or older',
  tooYoung:
    'Below 14, sharing needs the consent of a parent or guardian, which this app cannot take yet. Everything else works without it.',
  youngEu: 'In some countries sharing needs a guardian’s consent below 16. Switch it on only where you may decide yourself.',
  agree: 'Share',
  decline: 'Do not share',
  declined: 'Nothing is shared.',
  on: 'Sharing is on',
  since: (when: string) => `Since ${when}.`,
  stop: 'Stop sharing',
  now: 'Send and check now',
  busy: 'Working …',
  buffer: (n: number, k: number) => `${n} of ${k} updates are waiting for the next sum.`,
  waiting: (n: number) => `${count(n, 'update', 'updates')} waiting on this phone for the network.`,
  outcome: {
    busy: 'Another tab is at it.',
    offline: 'Offline. What waits is sent, byte for byte the same, when the network is back.',
    later: 'The server asks to try again later.',
    refused: (reason: string) => `The server refused: ${reason}. Nothing else was changed.`,
    done: 'All sent and checked.',
  },
  abstained: {
    'too-few-answers': 'The next update follows after at least ten new answers.',
    'no-consent': 'Sharing is off.',
    'over-consented-cap': 'The server’s settings promise less than you agreed to, so nothing is sent.',
    'no-contributions-left': 'You have given as many updates as your limit allows for now.',
    'too-soon': 'The next update follows some weeks after the last one.',
    'report-open': 'Your last update is still on its way.',
    'too-stale': 'This phone must fetch the newest model first.',
    'server-says-no': 'The server has an update of yours already.',
  },
  distrust: {
    R1: 'A signature is not from the key this phone knows. The old model stays.',
    R2: 'The server’s log is not signed by both servers, or the signature is too old. The old model stays.',
    R3: 'Alarm: the server shows a different log than before (split view). The old model stays.',
    R4: 'The new model is not in the public log. The old model stays.',
    R5: 'The server’s settings are not in the log, not approved by the helper, or promise less than you agreed to. Nothing is sent.',
    R6: 'The new model is damaged. The old model stays.',
    R7: 'The new model was taken back. The old model stays.',
  },
  model: 'The shared model',
  startModel: 'The model that came with the app serves.',
  usedBetter: (version: number, before: string, after: string) =>
    `Version ${version} is used: log loss on your own answers ${before} → ${after}.`,
  usedUnjudged: (version: number) => `Version ${version} is used. You have too few answers yet to judge it here.`,
  notUsed: (version: number, before: string, after: string) =>
    `Version ${version} is not used: worse for you (log loss ${before} → ${after}). The old model stays.`,
  verified: (index: number) => `Signature, hash and entry ${index} of the public log were checked on this phone.`,
  contributions: 'Your updates',
  none: 'None yet. The first follows after ten answers, when you are online.',
  status: {
    sealed: 'sealed, waiting for the network',
    accepted: 'received, waiting for the sum',
    frozen: 'being summed',
    landed: 'summed',
    expired: 'expired: not counted',
    rejected: 'not counted',
    withdrawn: 'taken back',
    refused: 'refused',
    lost: 'lost with the sum',
  },
  receipt: (bytes: string, clip: string, sigma: string) => `${bytes}, clip norm ${clip}, noise multiplier ${sigma}`,
  used: (n: number, most: number) => `${n} of ${count(most, 'contribution', 'contributions')}`,
  ownEpsilon: (own: string, cap: string) => `own ε ${own}, cap ${cap}`,
  inVersion: (version: number, slot: number) => `In version ${version} (slot ${slot}).`,
  candidate: (version: number) => `Version ${version} was made from it and has not been released.`,
  proof: (index: number) => `Proof: entry ${index} of the public log.`,
  landedIn: (slot: number) => `In slot ${slot}.`,
  kilobytes: (bytes: number) => `${(bytes / 1000).toFixed(1)} kB`,
  tourTitle: 'A round in four steps',
  tourSteps: {
    answer: 'Answer at least ten questions.',
    agree: 'Switch sharing on.',
    send: 'Your update is sealed and sent.',
    land: (version: number | null) =>
      version === null
        ? 'Simulated learners complete the sum of five, and a new version is made.'
        : `Your answers are in version ${version}: receipt and proof below.`,
  },
  simulate: 'Let simulated learners contribute',
  simulateLead: 'Simulated learners send the missing updates through the real protocol.',
  failed: 'That did not work. Nothing was lost; try again.',
  cannotAsk: 'The server cannot be reached, so its terms cannot be shown. Go online and open this page again.',
};

/** Shape of the catalogue. */
export type SharingWords = typeof enSharing;
