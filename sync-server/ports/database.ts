/** Something SQL can be sent to: a pool, or one transaction. */
export interface Sql {
  /** Rows of one statement; `$1 …` stand for the values. @throws if the statement fails */
  query<Row>(text: string, values?: readonly unknown[]): Promise<Row[]>;
}

/** One transaction. Statements run in the order they are sent; none waits on its way for the answer to the one before. */
export interface Transaction extends Sql {
  /**
   * A statement whose answer nobody needs: the next is sent behind it at once. Where it fails, so does the transaction, with its fault.
   *
   * @param isInsert it only inserts, and so often that planning it counts: its plan is kept by the connection. Not for one that reads: a plan
   * made while a table was small would go on reading it whole
   */
  send(text: string, values: readonly unknown[], isInsert?: boolean): void;
}

/** What use cases need of a database. */
export interface Database extends Sql {
  /** All or nothing: committed when `work` resolves, rolled back when it rejects. The answer to a client comes after. */
  transaction<T>(work: (sql: Transaction) => Promise<T>): Promise<T>;
}

const AWAY = new Set(['ECONNREFUSED', 'ECONNRESET', '57P01', '57P02', '57P03', '08006', '08003', '53300']);

/** Whether a failure means that the database did not answer. */
export function isDatabaseAway(fault: unknown): boolean {
  if (!(fault instanceof Error)) return false;
  const code = 'code' in fault ? String(fault.code) : '';
  return AWAY.has(code) || /Connection terminated|timeout exceeded when trying to connect/.test(fault.message) || isTooSlow(fault);
}

const CLASH = new Set(['23505', '40P01']);

/** Whether somebody else was quicker: a name or an id that was free is taken, or each waited for the other. Tried again, it is seen. */
export const isClash = (fault: unknown): boolean => fault instanceof Error && 'code' in fault && CLASH.has(String(fault.code));

/** Whether a statement took longer than it may: a smaller one might not. */
export const isTooSlow = (fault: unknown): boolean =>
  fault instanceof Error && (/Query read timeout/.test(fault.message) || ('code' in fault && fault.code === '57014'));
