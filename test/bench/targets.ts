/**
 * What each figure is held against, and why. The machine matters: these are for one core of a small cloud VM with a
 * local disk. Larger is better for `min`, smaller for `max`.
 */
import type { Target } from './figure.ts';

const min = (value: number): Target => ({ kind: 'min', value });
const max = (value: number): Target => ({ kind: 'max', value });

export const TARGETS = {
  /** What the throw-away prototype did (DESIGN.md, "Shredding"): a floor. */
  codecLinesPerCpuSecond: min(545_000),
  codecMegabytesPerSecond: min(140),
  /** The prototype's groups of 64 Ki rows; an agent's batches are smaller and may cost a little more. */
  groupBytesPerLine: max(23.9),
  batchBytesPerLine: max(26),
  /** A node that logs 10,000 lines a second gives its logs 3 % of a core. */
  agentLinesPerCpuSecond: min(330_000),
  /** What a DaemonSet pod may cost on a small node (facts/operators.md, "RAM bar"); Node alone takes 45. */
  agentMegabytesPeak: max(110),
  /** The store's cost for a pre-encoded line is close to a memcpy. */
  serverLinesPerSecond: min(1_000_000),
  serverLinesPerCpuSecond: min(1_000_000),
  /** Lines that arrive as text are shredded in the server, by the codec above, and parsed from HTTP. */
  ndjsonLinesPerSecond: min(200_000),
  serverMegabytesPeak: max(300),
  /** Below the prototype's figure: segments are sorted and compressed harder than batches, index included. */
  diskBytesPerLine: max(23.9),
  /** A fresh line is there before one has switched to the terminal that asks for it. */
  freshnessP50Ms: max(200),
  freshnessP99Ms: max(500),
  startMs: max(1_000),
  /** "In milliseconds": a person notices nothing below 100. */
  needleP50Ms: max(10),
  needleP99Ms: max(50),
  userP99Ms: max(100),
  levelP99Ms: max(100),
  /** Scans everything; the chunks' byte sets help or they don't. */
  absentTextP99Ms: max(1_000),
} as const;
