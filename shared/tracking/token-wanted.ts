/** For how long a token of the tracking API may be made, days. */
export const TOKEN_DAYS = [30, 90, 365] as const;

/** What a token is made for. */
export interface TokenWanted {
  readonly name: string;
  readonly days: (typeof TOKEN_DAYS)[number];
  /** Whether it may only read, whatever its owner may. */
  readonly isReadOnly: boolean;
}
