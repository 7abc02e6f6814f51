/** What a search finds: its lines, page by page, and its bars. */
import type { Histogram, LogRow } from '../../shared/client/answers.ts';
import type { FoundSeries } from './series.ts';

/** A page of lines, and how the next one is asked for, if there is one. */
export interface LinesPage {
  readonly rows: readonly LogRow[];
  readonly next: ((count: number, ended: AbortSignal) => Promise<LinesPage>) | undefined;
  /** Texts that are marked in the lines, where the search text does not say them. */
  readonly words?: readonly string[];
  /** What a metric of LogQL has instead of lines. */
  readonly series?: FoundSeries;
}

export interface Bars {
  readonly histogram: Histogram;
}
