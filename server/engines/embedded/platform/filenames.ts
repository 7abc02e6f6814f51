/**
 * Every name in a data folder. Sequences are one counter for WAL files and segments, never used twice.
 *
 *     VERSION                              format version of the folder
 *     cursor.key                           see core/secret-key.ts
 *     session.key                          see core/secret-key.ts
 *     lock/<pid>-<random>.sock             see platform/lock.ts
 *     MANIFEST.json                        the live segments and where the WAL begins
 *     MANIFEST.copy.json                   the same once more
 *     wal/000000000001.wal
 *     segments/2026-11-23/000000000002.seg
 *     quarantine/…                         bytes that failed their checksum
 *     erasures/<id>.json                   see core/erasure-job.ts
 *     views.json                           saved views, see core/views.ts
 *     sessions.json                        sessions that have ended before their time, see core/sessions.ts
 *     snapshots/<name>/…                   data folders made of hard links, see core/backup.ts
 */
import { join } from 'node:path';

export const VERSION_FILE = 'VERSION';
export const CURSOR_KEY_FILE = 'cursor.key';
export const SESSION_KEY_FILE = 'session.key';
export const MANIFEST_FILE = 'MANIFEST.json';
export const MANIFEST_COPY_FILE = 'MANIFEST.copy.json';
export const MANIFEST_TEMPORARY_FILE = 'MANIFEST.json.tmp';
export const VIEWS_FILE = 'views.json';
export const SESSIONS_FILE = 'sessions.json';
export const LOCK_FOLDER = 'lock';
export const WAL_FOLDER = 'wal';
export const SEGMENTS_FOLDER = 'segments';
export const QUARANTINE_FOLDER = 'quarantine';
export const ERASURES_FOLDER = 'erasures';
export const SNAPSHOTS_FOLDER = 'snapshots';
/** Has the data folders of tenants, which this store does not touch. */
export const TENANTS_FOLDER = 'tenants';
export const FOLDERS: readonly string[] = [
  LOCK_FOLDER,
  WAL_FOLDER,
  SEGMENTS_FOLDER,
  QUARANTINE_FOLDER,
  ERASURES_FOLDER,
  SNAPSHOTS_FOLDER,
  TENANTS_FOLDER,
];

const SEQUENCE_DIGITS = 12;
const WAL_NAME = /^(\d{12})\.wal$/;
const SEGMENT_NAME = /^(\d{12})\.seg$/;
const DAY_NAME = /^\d{4}-\d\d-\d\d$/;

export function walFolder(dataDir: string): string {
  return join(dataDir, WAL_FOLDER);
}

export function walPath(dataDir: string, sequence: number): string {
  return join(walFolder(dataDir), `${digits(sequence)}.wal`);
}

/** Must be on the file system of the data folder, because backups are made of hard links. */
export function backupsFolder(dataDir: string): string {
  return join(dataDir, SNAPSHOTS_FOLDER);
}

/** `day` as in `2026-11-23`. */
export function segmentPath(dataDir: string, day: string, sequence: number): string {
  return join(dataDir, SEGMENTS_FOLDER, day, `${digits(sequence)}.seg`);
}

/** Returns undefined for a name that is not that of a WAL file. */
export function walSequence(name: string): number | undefined {
  return sequenceOf(WAL_NAME, name);
}

/** Returns undefined for a name that is not that of a segment. */
export function segmentSequence(name: string): number | undefined {
  return sequenceOf(SEGMENT_NAME, name);
}

/** Whether the name is that of a folder of segments. */
export function isDayName(name: string): boolean {
  return DAY_NAME.test(name) && !Number.isNaN(Date.parse(name));
}

function sequenceOf(pattern: RegExp, name: string): number | undefined {
  const match = pattern.exec(name);
  return match === null ? undefined : Number(match[1]);
}

function digits(sequence: number): string {
  return String(sequence).padStart(SEQUENCE_DIGITS, '0');
}
