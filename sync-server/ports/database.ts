/** Something SQL can be sent to: a pool, or one transaction. */
export interface Sql {
  /** Rows of one statement; `$1 …` stand for the values. @throws if the statement fails */
  query<Row>(text: string, values?: readonly unknown[]): Promise<Row[]>;
}

/** What use cases need of a database. */
export interface Database extends Sql {
  /** All or nothing: committed when `work` resolves, rolled back when it rejects. The answer to a client comes after. */
  transaction<T>(work: (sql: Sql) => Promise<T>): Promise<T>;
}
