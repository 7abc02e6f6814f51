/** Queries: what the store's own search finds in a snapshot, against a look at every line of it. */
import { labelsKey } from '../../shared/labels.ts';
import type { Plan } from '../../server/store/search-plan.ts';
import { isWanted, naiveSearch } from '../server/store/naive-search.ts';
import { look } from './looking.ts';
import { search } from './process.ts';
import { queryOf } from './queries.ts';
import { type Run, unlessDiskFails, Wrong } from './run.ts';
import type { SeenLine } from './truth.ts';

export async function query(run: Run): Promise<void> {
  const plan = queryOf(run.random, run.time.now());
  const snapshot = run.process.store.snapshot();
  try {
    // What a snapshot has is not known while some of it may be damaged, or cannot be read.
    const isKnown = !run.script.harm.flips && run.process.store.unreadableCount === 0;
    const stored = isKnown ? look(run, snapshot.rowGroups) : undefined;
    const found = await unlessDiskFails(() => search(run.process, snapshot.rowGroups, plan));
    if (found === undefined) return;
    const wrong = judgeFound(run, found, plan) ?? (stored && judgeMissing(found, stored, plan));
    if (wrong === undefined) return;
    throw new Wrong(`${wrong} ${JSON.stringify(plan, (_, value: unknown) => textOfBigint(value))}`);
  } finally {
    snapshot.release();
  }
}

/** @returns what is wrong with the lines that were found, or undefined */
function judgeFound(run: Run, found: readonly SeenLine[], plan: Plan): string | undefined {
  const texts = new Set(found.map(({ text }) => text));
  if (texts.size !== found.length) return 'a line is found twice:';
  for (const [i, line] of found.entries()) {
    if (run.truth.byText(line.text)?.instant !== line.instant) return `a wrong line: ${line.text}`;
    if (!isWanted(line, plan)) return `not asked for: ${line.text}`;
    const wrong = i === 0 ? undefined : judgeOrder(run, found[i - 1]!, line, plan);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

function judgeMissing(found: readonly SeenLine[], stored: readonly SeenLine[], plan: Plan): string | undefined {
  const want = naiveSearch(stored, plan);
  // Lines of different streams at one instant may stand in either order, so only the instants tell which are missing.
  const instants = (lines: readonly SeenLine[]): string => lines.map(({ instant }) => instant).join();
  return instants(want) === instants(found) ? undefined : `${found.length} of ${want.length} found:`;
}

function judgeOrder({ truth, script }: Run, a: SeenLine, b: SeenLine, { direction }: Plan): string | undefined {
  const [first, second] = direction === 'forward' ? [a, b] : [b, a];
  if (first.instant > second.instant) return `out of order: ${a.text} ${b.text}`;
  const isSame = first.instant === second.instant && labelsKey(a.labels) === labelsKey(b.labels);
  const number = (line: SeenLine): number => truth.byText(line.text)!.number;
  // What was lost and came again has come later.
  if (!isSame || script.harm.flips || number(first) < number(second)) return undefined;
  return `lines of one stream and instant out of order: ${a.text} ${b.text}`;
}

function textOfBigint(value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
