import { fail, type Result, succeed } from './result.ts';

/** One answer of a response data set. */
export interface Response {
  readonly learner: number;
  readonly item: number;
  readonly correct: 0 | 1;
  readonly split: string;
  /** 1–5 where the file has a column `fold`, else null. */
  readonly fold: number | null;
}

/** A line that could not be read. */
export interface ResponseFault {
  readonly kind: 'bad-response-data';
  readonly line: number;
  readonly message: string;
}

function columnsOf(header: string, wanted: readonly string[]): readonly number[] | string {
  const names = header.trim().split(',');
  const missing = wanted.filter((name) => !names.includes(name));
  return missing.length > 0 ? `missing column ${missing.join(', ')}` : wanted.map((name) => names.indexOf(name));
}

function linesOf(text: string): string[] {
  const lines = text.split(/\r?\n/);
  while (lines.at(-1) === '') lines.pop();
  return lines;
}

const bad = (line: number, message: string) => fail<ResponseFault>({ kind: 'bad-response-data', line, message });

/**
 * Learner responses as CSV with a header line, one row per answer, a learner's rows in order; columns used: `learner`, `item`,
 * `correct` (1 or 0), and where there are such columns `split` and `fold`.
 *
 * @returns answers per learner, in the file's order; or the first line that is not so
 */
export function parseResponses(csv: string): Result<readonly (readonly Response[])[], ResponseFault> {
  const lines = linesOf(csv);
  const columns = columnsOf(lines[0] ?? '', ['learner', 'item', 'correct']);
  if (typeof columns === 'string') return bad(1, columns);
  const names = (lines[0] ?? '').trim().split(',');
  const [splitAt, foldAt] = [names.indexOf('split'), names.indexOf('fold')];
  const learners = new Map<number, Response[]>();
  for (let i = 1; i < lines.length; i++) {
    const cells = (lines[i] as string).split(',');
    const [learner, item, correct] = columns.map((column) => Number(cells[column] || Number.NaN)) as [number, number, number];
    if (!Number.isInteger(learner) || !Number.isInteger(item)) return bad(i + 1, `learner and item must be integers: ${lines[i]}`);
    if (correct !== 0 && correct !== 1) return bad(i + 1, `correct must be 0 or 1: ${lines[i]}`);
    const response: Response = { learner, item, correct, split: cells[splitAt] ?? '', fold: foldAt < 0 ? null : Number(cells[foldAt]) };
    const sofar = learners.get(learner);
    if (sofar) sofar.push(response);
    else learners.set(learner, [response]);
  }
  return learners.size === 0 ? bad(2, 'no answers') : succeed([...learners.values()]);
}

/** A Q-matrix as CSV `item,skills`, skills separated by spaces: which skills each item asks for. */
export function parseQMatrix(csv: string): Result<ReadonlyMap<number, readonly string[]>, ResponseFault> {
  const lines = linesOf(csv);
  const columns = columnsOf(lines[0] ?? '', ['item', 'skills']);
  if (typeof columns === 'string') return bad(1, columns);
  const skills = new Map<number, readonly string[]>();
  for (let i = 1; i < lines.length; i++) {
    const cells = (lines[i] as string).split(',');
    const item = Number(cells[columns[0] as number] || Number.NaN);
    if (!Number.isInteger(item)) return bad(i + 1, `item must be an integer: ${lines[i]}`);
    skills.set(
      item,
      (cells[columns[1] as number] ?? '').split(' ').filter((s) => s !== ''),
    );
  }
  return succeed(skills);
}
