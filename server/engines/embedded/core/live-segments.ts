/**
 * The live segments, and the only way to change the set: first the manifest, then, in one synchronous step, what new
 * snapshots show. A crash before the manifest's rename leaves the old segments, one after it the new; files that the
 * manifest does not name are removed at recovery. Files of dropped segments live until no snapshot reads them.
 */
import { CorruptionError } from '../../../../shared/errors.ts';
import { CLOCK_NOTED_MS } from '../../../limits.ts';
import { type Disk, isReadError } from '../platform/disk.ts';
import { segmentPath } from '../platform/filenames.ts';
import type { Manifest, ManifestSegment } from './manifest.ts';
import type { ManifestFile } from './manifest-file.ts';
import type { LiveSegment } from './recover.ts';
import type { ExpiryClock } from './expiry-clock.ts';
import { readSegment } from '../segment/reader.ts';
import type { RowGroupRef } from '../segment/row-group-ref.ts';
import type { StreamTable } from './stream-table.ts';
import type { SnapshotRegistry } from './snapshot-registry.ts';

export interface SegmentChange {
  /** Paths of segments that the manifest names. */
  readonly dropped?: ReadonlySet<string>;
  /** Complete and durable segments. */
  readonly added?: readonly ManifestSegment[];
  /** Other changes of the manifest. */
  readonly manifest?: (manifest: Manifest) => Manifest;
  /** Called in the step in which new snapshots change. Must not throw. */
  readonly onChanged?: () => void;
}

export interface LiveSegmentsOptions {
  readonly disk: Disk;
  readonly dataDir: string;
  readonly manifest: ManifestFile;
  readonly streams: StreamTable;
  readonly registry: SnapshotRegistry;
  readonly clock: Pick<ExpiryClock, 'now' | 'save'>;
  /** Sequences of all WAL files that hold batches, ascending; those that are flushed may be among them. */
  readonly walFiles: () => readonly number[];
  /** Above every sequence in use. */
  readonly nextSequence: () => number;
}

export class LiveSegments {
  readonly #options: LiveSegmentsOptions;
  readonly #byPath: Map<string, LiveSegment>;
  /**
   * New files of changes whose manifest could not be written: the manifest on disk may name them, so they are removed
   * only once a later manifest, which does not name them, is durable.
   */
  readonly #doubtful = new Set<string>();

  /** Named by the manifest, but their footer could not be read. */
  #unreadable: readonly ManifestSegment[];

  constructor(
    options: LiveSegmentsOptions,
    segments: readonly LiveSegment[],
    unreadableSegments: readonly ManifestSegment[] = [],
  ) {
    this.#options = options;
    this.#unreadable = unreadableSegments;
    this.#byPath = new Map(segments.map((segment) => [segment.path, segment]));
  }

  /** Segments whose footer could be read; the manifest may name more. */
  get byPath(): ReadonlyMap<string, LiveSegment> {
    return this.#byPath;
  }

  get unreadableCount(): number {
    return this.#unreadable.length;
  }

  /**
   * Retries segments that could not be read.
   * @returns paths of segments that can be read again
   */
  async reopen(): Promise<string[]> {
    const paths: string[] = [];
    for (const segment of this.#unreadable) {
      try {
        const opened = await this.#open(segment);
        // It was dropped while it was read, and must not come back.
        if (!this.#unreadable.includes(segment)) {
          this.#options.streams.release(opened.streams);
          continue;
        }
        this.#byPath.set(opened.path, opened);
        paths.push(opened.path);
      } catch (error) {
        if (isReadError(error)) continue;
        // It is corrupt, which the next start will report.
        if (!(error instanceof CorruptionError)) throw error;
      }
      this.#unreadable = this.#unreadable.filter((each) => each !== segment);
    }
    if (paths.length > 0) this.#options.registry.changed();
    return paths;
  }

  rowGroups(): RowGroupRef[] {
    return [...this.#byPath.values()].flatMap(({ rowGroups }) => rowGroups);
  }

  /** Rejects when nothing has changed: the old segments are still the live ones. */
  async change({ dropped = new Set(), added = [], manifest: also, onChanged }: SegmentChange): Promise<void> {
    const { dataDir, manifest, registry, clock } = this.#options;
    const opened: LiveSegment[] = [];
    try {
      for (const segment of added) opened.push(await this.#open(segment));
      await manifest.update((before) => {
        const after = { ...before, ...also?.(before) };
        return {
          ...after,
          nextSequence: this.#options.nextSequence(),
          clock: clock.save(),
          walFiles: this.#walFilesFrom(after.walFrom),
          segments: [...withoutDropped(before.segments, dataDir, dropped), ...added],
        };
      });
    } catch (error) {
      for (const { path, streams } of opened) {
        this.#doubtful.add(path);
        this.#options.streams.release(streams);
      }
      throw error;
    }
    for (const path of dropped) this.#forget(path);
    this.#unreadable = this.#unreadable.filter(
      ({ day, sequence }) => !dropped.has(segmentPath(dataDir, day, sequence)),
    );
    for (const segment of opened) this.#byPath.set(segment.path, segment);
    onChanged?.();
    registry.changed();
    for (const path of [...dropped, ...this.#doubtful]) registry.drop(path);
    this.#doubtful.clear();
  }

  /** Whether the manifest's record of the time, or of the WAL files, is out of date. `change` updates both. */
  get isNoteDue(): boolean {
    const { manifest, clock } = this.#options;
    const { walFrom, walFiles = [], clock: noted } = manifest.current;
    if (walFiles.join() !== this.#walFilesFrom(walFrom).join()) return true;
    return Math.abs(clock.now() - (noted?.seenMs ?? -Infinity)) >= CLOCK_NOTED_MS;
  }

  #walFilesFrom(walFrom: number): number[] {
    return this.#options.walFiles().filter((sequence) => sequence >= walFrom);
  }

  async #open(segment: ManifestSegment): Promise<LiveSegment> {
    const { disk, dataDir, streams } = this.#options;
    const path = segmentPath(dataDir, segment.day, segment.sequence);
    const tables = await readSegment(disk, path, segment.sizeBytes, (labelSets) => streams.hold(labelSets));
    return { ...segment, path, ...tables };
  }

  /** The manifest may name segments that could not be opened. */
  #forget(path: string): void {
    const segment = this.#byPath.get(path);
    if (segment === undefined) return;
    this.#byPath.delete(path);
    this.#options.streams.release(segment.streams);
  }
}

function withoutDropped(
  segments: readonly ManifestSegment[],
  dataDir: string,
  dropped: ReadonlySet<string>,
): ManifestSegment[] {
  const left = segments.filter(({ day, sequence }) => !dropped.has(segmentPath(dataDir, day, sequence)));
  if (segments.length - left.length !== dropped.size) throw new RangeError('BUG: a segment is replaced twice');
  return left;
}
