/** The findings of a check of a data folder. Plain data: it crosses threads and becomes JSON. */
import { relative } from 'node:path';
import type { CheckedFinding, StoreCheckEvent } from '../../../store/check.ts';

/**
 * What is wrong. `repair.ts` handles each kind:
 *
 * - `version`               the version file is of another podlog, or was lost and written again
 * - `manifest`              nothing can be read without it
 * - `generation`            one of the two files of the manifest; or both, and it is rebuilt from the segments and the WAL
 * - `missing`               a file that the manifest or a WAL header names
 * - `wal-record`            bytes that were a durable record once, or may have been, or a batch that cannot be read
 * - `segment`               the frame of a segment: its size, directory or tables
 * - `row-group`             a row group of a segment
 * - `index`                 an index section; the rows can all be found without it
 * - `lineage`               one of the two places where a segment says which flushes its rows come from; only a rebuild needs it
 * - `leftover`              left by a crash; the next start removes it
 * - `foreign`               not podlog's
 */
export type FindingKind =
  | 'version'
  | 'manifest'
  | 'generation'
  | 'missing'
  | 'wal-record'
  | 'segment'
  | 'row-group'
  | 'index'
  | 'lineage'
  | 'leftover'
  | 'foreign';

export interface Finding {
  readonly kind: FindingKind;
  readonly path: string;
  /** Offset in the file; 0 with the whole size if it concerns the whole file. */
  readonly offset: number;
  readonly sizeBytes: number;
  /** Known number of rows that cannot be read because of it. */
  readonly rowCount: number;
  readonly what: string;
}

/** Reports a finding in one file. */
export type Report = (
  kind: FindingKind,
  what: string,
  place: Pick<Finding, 'offset' | 'sizeBytes' | 'rowCount'>,
) => void;

export type CheckEvent = StoreCheckEvent<Finding>;

/**
 * False for a finding that loses no lines: a crash may leave it at any time, and the next start repairs it; or it is
 * not podlog's.
 */
export function isProblem({ kind }: Finding): boolean {
  return kind !== 'leftover' && kind !== 'foreign';
}

/** @param folder  the data folder that was checked */
export function checkedFinding(finding: Finding, folder: string): CheckedFinding {
  return { ...finding, path: relative(folder, finding.path), advice: adviceFor(finding.kind) };
}

/** Returns what a person can do about it. */
function adviceFor(kind: FindingKind): string {
  switch (kind) {
    case 'version':
      return 'use the podlog that wrote the folder; a file that is lost is written again by the next start of the server, or --repair';
    case 'manifest':
      return 'restore MANIFEST.json, or the folder from a snapshot (docs/operations.md); it cannot be repaired';
    case 'generation':
      return 'the next start of the server, or --repair, writes it again: from the other one, or from segments and WAL';
    case 'missing':
      return 'restore the file; or --repair forgets it';
    case 'wal-record':
    case 'row-group':
      return 'restore the file; or --repair moves these bytes to quarantine/ and keeps all else';
    case 'segment':
      return 'restore the file; or --repair keeps the row groups that can be read, and the file in quarantine/';
    case 'index':
      return '--repair rewrites the segment; queries are right without the index, but slower';
    case 'lineage':
      return '--repair rewrites the segment; queries are right, but a manifest that is lost could not be rebuilt with it';
    case 'leftover':
      return 'nothing: the next start of the server puts it right';
    case 'foreign':
      return 'podlog leaves it alone; move it elsewhere if it is not meant to be here';
  }
}
