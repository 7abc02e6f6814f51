/** What the runs of lines are to a query: texts, and tests of them; see shared/row-group/runs.ts. */
import { type Run, runKey } from '../../../../shared/row-group/runs.ts';
import type { RowGroup } from '../../../../shared/row-group/reader.ts';
import { LINE_CONTAINER, LINE_RUN, type OfRun, RESTART } from '../../../store/asked-name.ts';
import type { ValueLeaf, ValueTest } from '../../../store/predicate.ts';
import { hasMarked } from './masks.ts';
import { matchesAny } from './value-match.ts';

/** Returns the value of a name that is one of a run. */
export function textOfRun(run: Run, name: OfRun | 'previous'): string {
  switch (name) {
    case RESTART:
      return String(run.restart);
    case LINE_CONTAINER:
      return `${run.uid}/${run.container}`;
    case LINE_RUN:
      return runKey(run);
    case 'previous':
      throw new RangeError('BUG: a store is asked for previous runs');
  }
}

/**
 * Finds the rows whose runs pass the tests of a leaf, as matchValueLeaf does; rows of no known run pass none.
 * @param rows  zeros; rows that match are set to 1
 */
export function matchRuns(group: RowGroup, { tests, ofRun }: ValueLeaf, rows: Uint8Array): 'none' | 'some' | 'all' {
  const passing = Uint8Array.from([0, ...group.runs.map((run) => (passesRun(tests, textOfRun(run, ofRun!)) ? 1 : 0))]);
  if (!hasMarked(passing)) return 'none';
  const codes = group.runCodes();
  let count = 0;
  for (let row = 0; row < codes.length; row++) count += rows[row] = passing[codes[row]!]!;
  return count === 0 ? 'none' : count === codes.length ? 'all' : 'some';
}

/** Texts that are asked for, and the other tests. Made once for each list of tests, which is that of a plan. */
interface RunTests {
  readonly texts: ReadonlySet<string>;
  readonly others: readonly ValueTest[];
}

const knownTests = new WeakMap<readonly ValueTest[], RunTests>();

function passesRun(tests: readonly ValueTest[], text: string): boolean {
  let known = knownTests.get(tests);
  if (known === undefined) {
    const texts = tests.flatMap((test) => (test.kind === 'equals' ? [Buffer.from(test.text).toString()] : []));
    known = { texts: new Set(texts), others: tests.filter(({ kind }) => kind !== 'equals') };
    knownTests.set(tests, known);
  }
  return known.texts.has(text) || (known.others.length > 0 && matchesAny(known.others, Buffer.from(text)));
}
