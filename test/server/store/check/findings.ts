/** A check in this thread. */
import { checkFolder } from '../../../../server/store/check/check-folder.ts';
import { checkSegment } from '../../../../server/store/check/check-segment.ts';
import type { Finding } from '../../../../server/store/check/finding.ts';
import { realDisk } from '../../../../server/store/disk.ts';

/** All that a check finds, with paths from the folder on. */
export async function findingsOf(dataDir: string): Promise<Finding[]> {
  const findings: Finding[] = [];
  const events = checkFolder({ disk: realDisk, dataDir, checkSegment: (input) => checkSegment(realDisk, input) });
  for await (const event of events) if (event.kind === 'finding') findings.push(event.finding);
  return findings.map((finding) => ({ ...finding, path: finding.path.slice(dataDir.length + 1) }));
}
