/** Looks at a server every few seconds while it works: says what it sees, and keeps the largest. */
import { formatNumber } from './figure.ts';
import type { Child } from './harness.ts';
import { fetchStats } from './podlog.ts';
import type { Sending } from './send.ts';

const WATCH_MS = 500;
const LOOKS_PER_PROGRESS = 10;

export interface Most {
  walFiles: number;
  segments: number;
}

export interface Watch {
  stop(): Readonly<Most>;
}

export function watchServer(
  url: string,
  child: Child,
  sending: Readonly<Sending>,
  progress: (text: string) => void,
): Watch {
  const most = { walFiles: 0, segments: 0 };
  let looks = 0;
  let rowsBefore = sending.acknowledgedRows;
  const look = async (): Promise<void> => {
    const { walFiles, segments } = await fetchStats(url);
    most.walFiles = Math.max(most.walFiles, walFiles);
    most.segments = Math.max(most.segments, segments);
    if (++looks % LOOKS_PER_PROGRESS !== 0) return;
    const rows = sending.acknowledgedRows;
    const rate = (rows - rowsBefore) / ((WATCH_MS * LOOKS_PER_PROGRESS) / 1000);
    rowsBefore = rows;
    const counts = `${walFiles} WAL files, ${segments} segments, ${sending.waits} waits`;
    progress(
      `  ${formatNumber(rows)} lines, ${formatNumber(rate)} a second, ${counts}, ${formatNumber(child.megabytes())} MB`,
    );
  };
  // A look that the server has no time for is left out.
  const timer = setInterval(() => void look().catch(() => {}), WATCH_MS);
  return {
    stop() {
      clearInterval(timer);
      return most;
    },
  };
}
