/** Lines of an import's progress, on stderr, and its last line. */
import { count, counted } from '../../shared/counted.ts';
import { formatDurationMs } from '../../shared/duration.ts';
import { sizeText } from '../../shared/readable-line/measures.ts';
import { formatInstant } from '../../shared/time.ts';
import { IMPORT_PROGRESS_MS } from '../limits.ts';
import type { ImportState } from './state.ts';

/**
 * Prints how far the import is, at intervals.
 * @param linesLeft  an estimate for this run; undefined where there is none
 */
export function startProgress(
  output: { write(text: string): unknown },
  current: () => ImportState,
  linesLeft: number | undefined,
): Disposable {
  const begunMs = performance.now();
  const first = current();
  const timer = setInterval(
    () => output.write(progressText(current(), { state: first, linesLeft }, performance.now() - begunMs)),
    IMPORT_PROGRESS_MS,
  );
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** @param begun  the state when this run began, `elapsedMs` ago, and how many lines were left then */
export function progressText(
  state: ImportState,
  begun: { readonly state: ImportState; readonly linesLeft: number | undefined },
  elapsedMs: number,
): string {
  const lines = readLines(state) - readLines(begun.state);
  const rate = lines / (elapsedMs / 1000);
  const { share, leftMs } = estimate(state, begun, lines, elapsedMs);
  const left = leftMs === undefined ? '' : `, about ${roughly(leftMs)} left`;
  const part = state.selectors.length > 1 ? `, selector ${state.selector + 1} of ${state.selectors.length}` : '';
  return `imported ${countsText(state)}, to ${formatInstant(state.at).slice(0, 19)}Z${part}, ${count(Math.round(rate))} lines/s (${Math.floor(share * 100)} %${left})\n`;
}

/** Goes by lines; where there are more than was said, or nothing was said, by the time that they are of. */
function estimate(
  state: ImportState,
  { state: first, linesLeft }: { readonly state: ImportState; readonly linesLeft: number | undefined },
  lines: number,
  elapsedMs: number,
): { readonly share: number; readonly leftMs: number | undefined } {
  if (linesLeft !== undefined && lines < linesLeft) {
    const leftMs = lines > 0 ? ((linesLeft - lines) / lines) * elapsedMs : undefined;
    return { share: readLines(state) / (readLines(first) + linesLeft), leftMs };
  }
  const share = doneShare(state);
  const shareOfRun = share - doneShare(first);
  return { share, leftMs: shareOfRun > 0 ? ((1 - share) / shareOfRun) * elapsedMs : undefined };
}

function readLines({ lines, refused }: ImportState): number {
  return lines + refused;
}

export function countsText({ lines, bytes }: ImportState): string {
  return `${counted(lines, 'line')} (${sizeText(bytes)})`;
}

/** Share of the time that was read, over all selectors. */
function doneShare({ selectors, selector, since, until, at }: ImportState): number {
  if (selector >= selectors.length || until <= since) return 1;
  return (selector + Number(at - since) / Number(until - since)) / selectors.length;
}

function roughly(ms: number): string {
  const unit = ms >= 2 * 3_600_000 ? 3_600_000 : ms >= 120_000 ? 60_000 : 1000;
  return formatDurationMs(Math.ceil(ms / unit) * unit);
}
