/** The outcome of something that may fail in an expected way: a value, or a fault that names its kind. */
export type Result<Value, Fault> = { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly fault: Fault };

/** A success. */
export function succeed<Value>(value: Value): { readonly ok: true; readonly value: Value } {
  return { ok: true, value };
}

/** An expected failure. */
export function fail<Fault>(fault: Fault): { readonly ok: false; readonly fault: Fault } {
  return { ok: false, fault };
}

/** Ends every switch over a union: reached only when a case was forgotten. @throws Error always */
export function unreachable(never: never): never {
  throw new Error(`unreachable case: ${JSON.stringify(never)}`);
}
