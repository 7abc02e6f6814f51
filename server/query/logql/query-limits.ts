/** Limits of LogQL queries that an operator may set; those of Loki by default. */
import {
  LOGQL_ANSWER_BYTES_MAX,
  LOGQL_LINES_MAX,
  LOGQL_POINTS_MAX,
  LOGQL_RANGE_MS_MAX,
  LOGQL_SERIES_MAX,
  QUERY_RUN_MS_MAX,
} from '../../limits.ts';

export interface LogqlLimits {
  /** Series of an answer. */
  readonly seriesMax: number;
  /** Lines of an answer. */
  readonly linesMax: number;
  /** Lines of an answer and their labels. */
  readonly answerBytesMax: number;
  /** Points of a series. */
  readonly pointsMax: number;
  /** From start to end; Infinity for any. */
  readonly rangeMsMax: number;
  readonly runMsMax: number;
}

export const LOGQL_LIMITS: LogqlLimits = {
  seriesMax: LOGQL_SERIES_MAX,
  linesMax: LOGQL_LINES_MAX,
  answerBytesMax: LOGQL_ANSWER_BYTES_MAX,
  pointsMax: LOGQL_POINTS_MAX,
  rangeMsMax: LOGQL_RANGE_MS_MAX,
  runMsMax: QUERY_RUN_MS_MAX,
};
