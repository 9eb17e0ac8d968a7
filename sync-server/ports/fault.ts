/** A refusal a client is told of: its HTTP status and a word that names the reason. */
export class Refusal extends Error {
  readonly status: number;
  readonly kind: string;
  readonly details: Readonly<Record<string, unknown>>;
  constructor(status: number, kind: string, message: string, details: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.name = 'Refusal';
    this.status = status;
    this.kind = kind;
    this.details = details;
  }
}
