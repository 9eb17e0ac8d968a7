/** An MLflow server that a learner names, and who they are there. */
export interface PushTarget {
  /** `https://host/path`, or `http://` on this machine; without a slash at its end. */
  readonly base: string;
  /** Empty: the secret, if any, is an access token. */
  readonly user: string;
  readonly secret: string;
}

/** What became of a push; runs are those that are on the server. */
export type Pushed =
  | { readonly kind: 'done' | 'stopped'; readonly runs: number }
  | { readonly kind: 'unreachable' | 'unknown' | 'forbidden' | 'elsewhere' | 'other' }
  | { readonly kind: 'refused'; readonly message: string };
