/**
 * What each figure is held against: what podlog promises on two cores of a cloud machine with a local disk, and why.
 * Larger is better for `min`, smaller for `max`. A figure without a target is there to explain the others.
 */
import type { Target } from './figure.ts';

const min = (value: number): Target => ({ kind: 'min', value });
const max = (value: number): Target => ({ kind: 'max', value });

export const TARGETS = {
  /** CRI parse, shred, encode and compress: a node that logs 4,000 lines a second gives its logs 1 % of a core. */
  codecLinesPerCpuSecond: min(400_000),
  /** The same with reading and sending. */
  agentLinesPerCpuSecond: min(250_000),
  agentMegabytesPerCpuSecond: min(100),
  /** What a DaemonSet pod may cost on a small node; Node alone takes 45. */
  agentMegabytesPeak: max(110),
  /** A quiet node: 200 files that nobody writes to. */
  agentIdleCorePercent: max(1),
  agentIdleMegabytes: max(85),
  /** A container that floods at 50 MB/s is read in turns with the others. */
  floodQuietLagP99Ms: max(2_000),
  /** The store's cost for a line that is encoded already is close to a memcpy; compaction keeps up beside it. */
  serverLinesPerSecond: min(500_000),
  /** Lines that arrive as text are shredded in the server, by the codec above, and parsed from HTTP. */
  ndjsonLinesPerSecond: min(150_000),
  /** What fits beside other things on a machine of 2 GB. */
  serverMegabytesPeak: max(350),
  serverMegabytesPeakLarge: max(400),
  /** A line of the corpus is 216 bytes, and 14 of these are UUIDs that nothing compresses. */
  diskBytesPerLine: max(24),
  /** After kill -9 nothing that was acknowledged is missing or doubled. */
  linesLostOrDoubled: max(0),
  /** A restart is over before the agents have noticed. */
  startAfterKillMs: max(10_000),
  /** A fresh line is there before one has switched to the terminal that asks for it. */
  freshnessP99Ms: max(1_000),
  /** "In milliseconds": a person notices nothing below 100. */
  needleP50Ms: max(10),
  needleP99Ms: max(50),
  userP99Ms: max(20),
  /** A page about one thing: there before one has looked. */
  requestP50Ms: max(30),
  aroundP50Ms: max(30),
  /** Everything, as fast as one scan on two cores. */
  allLinesPerSecond: min(500_000),
  userPageP50Ms: max(60),
  /** Nothing can be answered from an index here: every line counts. */
  absentTextP99Ms: max(2_000),
  countByLevelP99Ms: max(500),
  /** A count of every row of a field, answered while one is still looking at the bar. */
  statusCountP50Ms: max(100),
  /** Of all two million lines, when the page is asked for it. */
  patternsP99Ms: max(300),
  compareP99Ms: max(1_000),
  tenFieldsP99Ms: max(500),
  /** Over ten million lines. */
  quantileByPathP99Ms: max(1_000),
  /** The page, on a cold cache over loopback: there before one has looked. */
  pagePaintMs: max(500),
  pageInteractiveMs: max(1_000),
  /** Of a search: lines first. */
  pageLinesMs: max(200),
  pageBarsMs: max(300),
  pageFacetsMs: max(500),
  pageFramesPerSecond: min(58),
  /** Of a frame of 16.7 ms. */
  pageFrameMs: max(8),
  pageRows: max(80),
  pageElements: max(1_500),
  pageHeapMegabytes: max(150),
  pageOpenPercent: max(1),
  pageTailsMegabytes: max(40),
} as const;
