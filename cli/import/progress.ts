/** Lines of an import's progress, on stderr, and its last line. */
import { count, counted } from '../../shared/counted.ts';
import { formatDurationMs } from '../../shared/duration.ts';
import { sizeText } from '../../shared/readable-line/measures.ts';
import { formatInstant } from '../../shared/time.ts';
import type { ImportState } from './state.ts';

const PROGRESS_EVERY_MS = 2000;

/** Prints how far the import is, every two seconds. */
export function startProgress(output: { write(text: string): unknown }, current: () => ImportState): Disposable {
  const begunMs = performance.now();
  const first = current();
  const timer = setInterval(
    () => output.write(progressText(current(), first, performance.now() - begunMs)),
    PROGRESS_EVERY_MS,
  );
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** @param first  the state when this run began, `elapsedMs` ago */
function progressText(state: ImportState, first: ImportState, elapsedMs: number): string {
  const done = doneShare(state);
  const rate = Math.round((state.lines - first.lines) / (elapsedMs / 1000));
  const shareOfRun = done - doneShare(first);
  const leftMs = shareOfRun > 0 ? ((1 - done) / shareOfRun) * elapsedMs : undefined;
  const left = leftMs === undefined ? '' : `, about ${roughly(leftMs)} left`;
  const part = state.selectors.length > 1 ? `, selector ${state.selector + 1} of ${state.selectors.length}` : '';
  return `imported ${countsText(state)}, to ${formatInstant(state.at).slice(0, 19)}Z${part}, ${count(rate)} lines/s (${Math.floor(done * 100)} %${left})\n`;
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
