/** A check in this thread, of stores whose state is a test's own. */
import { checkFolder } from '../../../../../server/engines/embedded/check/check-folder.ts';
import { checkSegment } from '../../../../../server/engines/embedded/check/check-segment.ts';
import type { CheckSummary } from '../../../../../server/store/check.ts';
import type { CheckEvent, Finding } from '../../../../../server/engines/embedded/check/finding.ts';
import { realDisk } from '../../../../../server/engines/embedded/platform/disk.ts';

/** All that a check finds, with paths from the folder on. */
export async function findingsOf(dataDir: string): Promise<Finding[]> {
  const findings = (await eventsOf(dataDir)).flatMap((event) => (event.kind === 'finding' ? event.finding : []));
  return findings.map((finding) => ({ ...finding, path: finding.path.slice(dataDir.length + 1) }));
}

/** What a check says in the end. */
export async function summaryOf(dataDir: string): Promise<CheckSummary | undefined> {
  return (await eventsOf(dataDir)).flatMap((event) => (event.kind === 'done' ? event.summary : []))[0];
}

function eventsOf(dataDir: string): Promise<CheckEvent[]> {
  return Array.fromAsync(
    checkFolder({
      disk: realDisk,
      dataDir,
      checkSegment: (input) => checkSegment(realDisk, input),
      stateProblem: () => undefined,
    }),
  );
}
