/**
 * What became of a container's numbered lines, and of what podlog says about them: each line is stored once, or a marker stands where
 * it is missing; and no marker stands anywhere else.
 */

export interface Count {
  readonly container: string;
  readonly written: number;
  readonly missing: number;
  /** Runs of missing lines. */
  readonly gaps: number;
  /** Gaps without a marker. */
  readonly silent: number;
  /** Markers where nothing is missing, and more than one for a loss. */
  readonly falseMarkers: readonly string[];
  /** Markers where nothing is missing, and nobody could know that. */
  readonly unknowable: number;
  readonly doubled: number;
  /** Bytes of the missing lines in the log file, and what the markers say of them. */
  readonly missingBytes: number;
  readonly markedBytes: number;
  /** Markers that do not say how much. */
  readonly uncertain: number;
  readonly isExact: boolean;
}

interface Marker {
  readonly text: string;
  /** The last numbered line before it, and the first one after it. */
  readonly after: number;
  before: number;
}

export interface Written {
  readonly container: string;
  /** Bytes in the log file of each line, by its number. */
  readonly lineBytes: readonly number[];
  /** Into how many losses, one after the other, these missing lines can be divided: each has a marker. */
  readonly lossesMax: (first: number, end: number) => number;
  /** Whether nobody can know that this line was followed by the next one that is stored. */
  readonly isUnknowable: (line: number) => boolean;
}

/** @param stored  the container's lines and markers as the store has them, in the order of their times */
export function countLines(written: Written, stored: readonly string[]): Count {
  const { container, lineBytes } = written;
  const times = new Uint32Array(lineBytes.length);
  const markers: Marker[] = [];
  let foreign = 0;
  let last = -1;
  for (const line of stored) {
    const number = Number(/"n":(\d+),/.exec(line)?.[1]);
    if (number < times.length) {
      times[number]!++;
      last = Math.max(last, number);
      for (const marker of markers) if (number > marker.after) marker.before = Math.min(marker.before, number);
    } else if (line.startsWith('podlog: ')) markers.push({ text: line, after: last, before: lineBytes.length });
    else foreign++;
  }
  const missing = lineBytes.filter((_, n) => times[n] === 0);
  const missingBytes = missing.reduce((sum, each) => sum + each, 0);
  const doubled = times.reduce((sum, each) => sum + Math.max(0, each - 1), 0);
  const { gaps, silent, falseMarkers, unknowable } = matchGaps(times, markers, written);
  const measured = markers
    .map(({ text }) => /^podlog: (\d+) bytes of /.exec(text)?.[1])
    .filter((each) => each !== undefined);
  const markedBytes = measured.reduce((sum, each) => sum + Number(each), 0);
  const uncertain = markers.length - measured.length;
  const isAccounted = uncertain > 0 ? missingBytes >= markedBytes : missingBytes === markedBytes;
  return {
    container,
    written: lineBytes.length,
    missing: missing.length,
    gaps,
    silent,
    falseMarkers,
    unknowable,
    doubled,
    missingBytes,
    markedBytes,
    uncertain,
    isExact: doubled === 0 && foreign === 0 && isAccounted && silent === 0 && falseMarkers.length === 0,
  };
}

interface Gap {
  readonly first: number;
  readonly end: number;
  markers: number;
}

/** Gives each marker the gap at its place that has the fewest. */
function matchGaps(
  times: Uint32Array,
  markers: readonly Marker[],
  { lossesMax, isUnknowable }: Written,
): Pick<Count, 'gaps' | 'silent' | 'falseMarkers' | 'unknowable'> {
  const gaps = gapsOf(times);
  const falseMarkers: string[] = [];
  let unknowable = 0;
  for (const { text, after, before } of markers) {
    const [gap] = gaps
      .filter(({ first, end }) => first > after && end <= before)
      .toSorted((a, b) => a.markers - b.markers);
    if (gap !== undefined && gap.markers++ < lossesMax(gap.first, gap.end)) continue;
    if (gap === undefined && before === after + 1 && isUnknowable(after)) unknowable++;
    else falseMarkers.push(`${text} [between lines ${after} and ${before}]`);
  }
  return { gaps: gaps.length, silent: gaps.filter((gap) => gap.markers === 0).length, falseMarkers, unknowable };
}

function gapsOf(times: Uint32Array): Gap[] {
  const gaps: Gap[] = [];
  for (let first = 0; first < times.length; first++) {
    if (times[first] !== 0) continue;
    let end = first + 1;
    while (times[end] === 0) end++;
    gaps.push({ first, end, markers: 0 });
    first = end;
  }
  return gaps;
}
