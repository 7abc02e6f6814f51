/** Retention: by age and rules nothing goes too early or too late; by size the oldest segments go, and none too many. */
import { NODE_UNSEEN_MS_MAX } from '../../server/limits.ts';
import { segmentsBeyond } from './drops.ts';
import { tick } from './housekeeping.ts';
import { look } from './looking.ts';
import { type Run, START_MS, unlessDiskFails, Wrong } from './run.ts';
import { heal, RETRIES_MS, settle } from './steps.ts';

/** Much later, on a whole disk: after housekeeping all has gone that must, and no segment that need not. */
export async function keep(run: Run, afterMs: number): Promise<void> {
  await settle(run);
  heal(run);
  // Writers that nobody hears of for longer are forgotten, and their lines would be new.
  const leftMs = Math.max(0, START_MS + NODE_UNSEEN_MS_MAX / 2 - run.time.now());
  run.time.pass(RETRIES_MS + Math.min(afterMs, leftMs));
  run.launch('flush', () => run.process.store.flushAll());
  await settle(run);
  // What the manifest notes of the time makes it larger: before sizes are compared.
  run.launch('note', () => unlessDiskFails(() => run.process.store.tick()));
  await settle(run);
  const excess = segmentsBeyond(run);
  const countBefore = run.process.store.segments().length;
  run.droppedBySize = 0;
  tick(run);
  await settle(run);
  if (run.script.harm.flips) return;
  judgeSize(run, countBefore, excess);
  const snapshot = run.process.store.snapshot();
  const seen = look(run, snapshot.rowGroups);
  snapshot.release();
  // A clock that has jumped is not believed yet, nor any while the manifest was just rebuilt.
  if (run.process.clock.aheadMs !== 0 || run.process.clock.keepsAll()) return;
  const nowMs = run.time.now();
  const late = seen.find(({ text }) => run.expiry.mustBeGone(run.truth.byText(text)!, nowMs));
  if (late !== undefined) throw new Wrong(`its time has ended, but it is there: ${late.text}`);
}

function judgeSize({ process, droppedBySize }: Run, countBefore: number, excess: number): void {
  const told = `${excess} of ${countBefore} segments are too many for --max-size`;
  if (droppedBySize > excess) throw new Wrong(`${told}, but ${droppedBySize} were dropped`);
  // By age or by a merge there may be fewer.
  const { segmentCount } = process.store.stats();
  if (segmentCount > countBefore - excess) throw new Wrong(`${told}, but ${segmentCount} are left`);
}
