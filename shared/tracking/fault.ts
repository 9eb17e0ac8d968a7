/** MLflow's error codes, and the HTTP status each travels with. */
export const FAULT_STATUS = {
  BAD_REQUEST: 400,
  INVALID_PARAMETER_VALUE: 400,
  RESOURCE_ALREADY_EXISTS: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  RESOURCE_DOES_NOT_EXIST: 404,
  NOT_FOUND: 404,
  ENDPOINT_NOT_FOUND: 404,
  RESOURCE_CONFLICT: 409,
  RESOURCE_EXHAUSTED: 429,
  INTERNAL_ERROR: 500,
  INVALID_STATE: 500,
  NOT_IMPLEMENTED: 501,
  TEMPORARILY_UNAVAILABLE: 503,
} as const;

/** Name of an error code. */
export type FaultCode = keyof typeof FAULT_STATUS;

/** A refusal in MLflow's words: thrown by use cases, printed as `{"error_code", "message"}`. */
export class TrackingFault extends Error {
  readonly code: FaultCode;
  /** Seconds until it is worth trying again; undefined: the usual ones. */
  readonly retryAfterS: number | undefined;
  constructor(code: FaultCode, message: string, retryAfterS?: number) {
    super(message);
    this.name = 'TrackingFault';
    this.code = code;
    this.retryAfterS = retryAfterS;
  }
}

/** A caller's mistake: 400. */
export const invalid = (message: string): TrackingFault => new TrackingFault('INVALID_PARAMETER_VALUE', message);

/** Something that is not there: 404. */
export const missing = (message: string): TrackingFault => new TrackingFault('RESOURCE_DOES_NOT_EXIST', message);
