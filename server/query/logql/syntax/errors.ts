/** What is wrong with a query, in the words that clients of Loki match. */
import { PodlogError } from '../../../../shared/errors.ts';

/** Where in a query: from 1 on, in characters. An operator of two characters and a duration have no line. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** A query that cannot be understood (with a place) or makes no sense. */
export class LogqlError extends PodlogError {
  constructor(problem: string, place?: Place) {
    const where = place === undefined ? 'parse error :' : `parse error at line ${place.line}, col ${place.column}:`;
    super('PODLOG_BAD_LOGQL', 400, `${where} ${problem}`);
  }
}
