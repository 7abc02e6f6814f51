/** The account of the server's memory in ARCHITECTURE.md is that of its limits. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import * as limits from '../../server/limits.ts';

const MIB = 2 ** 20;
const THREADS = limits.WORKERS + 1;
/** Of a row that a search has found, as server/engines/embedded/scan/top-rows.ts keeps it. */
const FOUND_ROW_BYTES = 34;

const CACHES_BYTES =
  limits.WORKER_CACHE_BYTES_MAX +
  limits.PASSING_PARTS_BYTES_MAX +
  limits.WORKER_HEADERS_BYTES_MAX +
  limits.PASSING_HEADERS_BYTES_MAX +
  limits.WORKER_LABELS_BYTES_MAX +
  limits.WORKER_INDEXES_BYTES_MAX +
  limits.ARRAYS_KEPT_BYTES_MAX +
  limits.MASKS_KEPT_BYTES_MAX +
  limits.FOLDED_CODES_KEPT_BYTES_MAX;

/** By the beginning of a row. */
const ACCOUNT: Readonly<Record<string, number>> = {
  'labels of stored streams': limits.STREAMS_BYTES_MAX,
  [`caches of ${limits.WORKERS} workers`]: limits.WORKERS * CACHES_BYTES,
  [`garbage of ${THREADS} threads`]: THREADS * limits.THREAD_GARBAGE_SCARCE_BYTES_MAX,
  'a flush': limits.FLUSH_DECODED_BYTES_MAX,
  'a merge': limits.COMPACTION_OPEN_BYTES_MAX + limits.COMPACTION_DECODED_BYTES_MAX,
  'the row group of the third worker': limits.ROW_GROUP_DECODED_BYTES_MAX,
  'bodies of requests': limits.BODIES_IN_FLIGHT_BYTES_MAX + limits.PUSHES_DECODED_BYTES_MAX,
  'rows and text of answers': limits.ANSWER_ROWS_HELD_MAX * FOUND_ROW_BYTES + limits.ANSWER_TEXT_BYTES_MAX,
  'groups of aggregations': limits.AGGREGATE_BYTES_MAX,
  'text that waits for live tails': limits.TAILS_TEXT_BYTES_MAX,
};

const lines = readFileSync('ARCHITECTURE.md', 'utf8').split('\n');

test.each(Object.entries(ACCOUNT))('%s', (use, bytes) => {
  const row = lines.find((line) => line.startsWith(`| ${use}`));
  const cells = row?.split('|').map((cell) => cell.trim());
  expect(Number(cells?.[3])).toBe(Math.round(bytes / MIB));
  for (const [, name] of (cells?.[2] ?? '').matchAll(/`([A-Z_]+)`/g)) expect(limits).toHaveProperty(name!);
});

test('the shares of memory', () => {
  const text = lines.join(' ');
  expect(text).toContain(`A pod has ${limits.POD_MEMORY_BYTES / MIB} MiB`);
  expect(text).toContain(`From \`MEMORY_SCARCE_SHARE\` on, ${limits.MEMORY_SCARCE_SHARE},`);
  expect(text).toContain(`From \`MEMORY_SHORT_SHARE\` on, ${limits.MEMORY_SHORT_SHARE},`);
});
