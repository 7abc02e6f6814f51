/**
 * The sample workload that `podlog up` plays where there are no pods: an hour of history at once, so that the first
 * query has an answer, then a few lines a second for as long as it runs. One of its containers has crashed in that hour.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CriLog } from './cri-log.ts';
import {
  type Random,
  SAMPLE_PODS,
  SAMPLE_USER_ID,
  sampleCrash,
  type SampleLine,
  type SamplePod,
  sampleRequest,
} from './traffic.ts';

const HISTORY_MS = 3_600_000;
/** How long before the start of the sample one of its containers has crashed. */
const CRASH_AGO_MS = 20 * 60_000;
const REQUEST_GAP_MS = 600;
/** How often lines whose time has come are written. */
const TICK_MS = 200;

export interface Sample {
  readonly podsDir: string;
  /** A user and a request of the history, to ask for; the request passed through four pods. */
  readonly userId: number;
  readonly requestId: string;
  /** Ends the workload and removes its folder. */
  stop(): void;
}

export interface SampleOptions {
  readonly random?: Random;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** Starts the workload in a new temporary folder; when it returns, the history is there. */
export function startSample({ random = Math.random, now = Date.now }: SampleOptions = {}): Sample {
  const podsDir = mkdtempSync(join(tmpdir(), 'podlog-sample-'));
  const removeFolder = (): void => rmSync(podsDir, { recursive: true, force: true });
  process.once('exit', removeFolder);
  const logs = new Map(SAMPLE_PODS.map((pod) => [pod, new CriLog(podsDir, pod)]));

  /** Lines that are not due yet, in time order. */
  let upcoming: SampleLine[] = [...sampleCrash(now() - CRASH_AGO_MS)];
  let nextRequestMs = now() - HISTORY_MS;
  let checkoutId = '';
  const writeUntil = (timeMs: number): void => {
    while (nextRequestMs <= timeMs) {
      const request = sampleRequest(random, nextRequestMs);
      if (request.isCheckout && request.lines.at(-1)!.timeMs <= timeMs) checkoutId = request.requestId;
      upcoming.push(...request.lines);
      nextRequestMs += random() * 2 * REQUEST_GAP_MS;
    }
    upcoming.sort((a, b) => a.timeMs - b.timeMs);
    const dueCount = upcoming.filter((line) => line.timeMs <= timeMs).length;
    appendByPod(logs, upcoming.slice(0, dueCount));
    upcoming = upcoming.slice(dueCount);
  };

  writeUntil(now());
  const requestId = checkoutId;
  const timer = setInterval(() => writeUntil(now()), TICK_MS);
  return {
    podsDir,
    userId: SAMPLE_USER_ID,
    requestId,
    stop() {
      clearInterval(timer);
      process.off('exit', removeFolder);
      removeFolder();
    },
  };
}

function appendByPod(logs: ReadonlyMap<SamplePod, CriLog>, lines: readonly SampleLine[]): void {
  const byPod = Map.groupBy(lines, (line) => line.pod);
  for (const [pod, log] of logs) log.append(byPod.get(pod) ?? []);
}
