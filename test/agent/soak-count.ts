/** What became of a container's numbered lines: each is stored once, or a marker of the container accounts for it. */

export interface Count {
  readonly container: string;
  readonly written: number;
  readonly missing: number;
  /** Runs of missing lines: each needs a marker of its own. */
  readonly gaps: number;
  readonly doubled: number;
  /** Bytes of the missing lines in the log file, and what the markers say of them. */
  readonly missingBytes: number;
  readonly markedBytes: number;
  /** Markers that do not say how much. */
  readonly uncertain: number;
  readonly isExact: boolean;
}

/** @param stored  the container's lines and markers as the store has them */
export function countLines(container: string, lineBytes: readonly number[], stored: readonly string[]): Count {
  const times = new Uint32Array(lineBytes.length);
  let markers = 0;
  let markedBytes = 0;
  let uncertain = 0;
  let foreign = 0;
  for (const line of stored) {
    const number = /"n":(\d+),/.exec(line)?.[1];
    if (number !== undefined && Number(number) < times.length) times[Number(number)]!++;
    else if (line.startsWith('podlog: ')) {
      markers++;
      const bytes = /^podlog: (\d+) bytes of /.exec(line)?.[1];
      if (bytes === undefined) uncertain++;
      else markedBytes += Number(bytes);
    } else foreign++;
  }
  const missing = lineBytes.filter((_, n) => times[n] === 0);
  const gaps = times.reduce((sum, each, n) => sum + Number(each === 0 && times[n - 1] !== 0), 0);
  const missingBytes = missing.reduce((sum, each) => sum + each, 0);
  const doubled = times.reduce((sum, each) => sum + Math.max(0, each - 1), 0);
  const isAccounted = uncertain > 0 ? missingBytes >= markedBytes : missingBytes === markedBytes;
  return {
    container,
    written: lineBytes.length,
    missing: missing.length,
    gaps,
    doubled,
    missingBytes,
    markedBytes,
    uncertain,
    isExact: doubled === 0 && foreign === 0 && isAccounted && gaps <= markers,
  };
}
