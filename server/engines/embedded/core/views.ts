/** Saved views on disk: one file, `views.json`, replaced as a whole. A backup has a hard link to it. */
import { join } from 'node:path';
import type { Logger } from 'pino';
import * as v from 'valibot';
import type { SavedView, ViewAbility } from '../../../store/views.ts';
import { type Disk, realDisk } from '../platform/disk.ts';
import { decodeJsonFile, encodeJsonFile } from '../platform/json-file.ts';
import { VIEWS_FILE } from '../platform/filenames.ts';
import { readReplacedFile, writeReplacedFile } from './replaced-file.ts';

const TEXT_OR_NONE = v.nullable(v.string());
const VIEWS = {
  what: 'the file of saved views',
  schema: v.object({
    views: v.array(
      v.object({
        name: v.string(),
        owner: TEXT_OR_NONE,
        search: v.string(),
        since: TEXT_OR_NONE,
        until: TEXT_OR_NONE,
        columns: v.array(v.string()),
        changedMs: v.number(),
      }),
    ),
  }),
};

export class Views implements ViewAbility {
  readonly #disk: Disk;
  readonly #dataDir: string;
  #views: readonly SavedView[];
  /** Settles when the last change is on disk; never rejects. */
  #saving: Promise<unknown> = Promise.resolve();

  /** A file that is damaged or unreadable is quarantined: views are worth less than a start. */
  static async open(dataDir: string, log: Pick<Logger, 'error'>, disk: Disk = realDisk): Promise<Views> {
    const file = {
      dataDir,
      path: join(dataDir, VIEWS_FILE),
      decode: decodeViews,
      unreadable: 'saved views cannot be read; starting without',
    };
    return new Views(disk, dataDir, (await readReplacedFile(disk, file, log)) ?? []);
  }

  private constructor(disk: Disk, dataDir: string, views: readonly SavedView[]) {
    this.#disk = disk;
    this.#dataDir = dataDir;
    this.#views = views;
  }

  list(): readonly SavedView[] {
    return this.#views;
  }

  save(view: SavedView): Promise<void> {
    return this.#change((views) => [...views.filter((each) => !isSame(each, view)), view]);
  }

  async remove(name: string, owner: string | undefined): Promise<boolean> {
    let isThere = false;
    await this.#change((views) => {
      const left = views.filter((each) => !isSame(each, { name, owner }));
      isThere = left.length < views.length;
      return left;
    });
    return isThere;
  }

  /** One after the other. */
  #change(change: (views: readonly SavedView[]) => readonly SavedView[]): Promise<void> {
    const before = this.#saving;
    const changed = this.#write(before, change);
    this.#saving = changed.catch(() => {});
    return changed;
  }

  /** What could not be written is not there. */
  async #write(before: Promise<unknown>, change: (views: readonly SavedView[]) => readonly SavedView[]): Promise<void> {
    await before;
    const views = change(this.#views);
    const path = join(this.#dataDir, VIEWS_FILE);
    await writeReplacedFile(this.#disk, path, encodeViews(views), 'the view is not changed; retry later');
    this.#views = views;
  }
}

function isSame(a: Pick<SavedView, 'name' | 'owner'>, b: Pick<SavedView, 'name' | 'owner'>): boolean {
  return a.name === b.name && a.owner === b.owner;
}

function encodeViews(views: readonly SavedView[]): string {
  const stored = views.map(({ owner = null, since = null, until = null, ...view }) => ({
    ...view,
    owner,
    since,
    until,
  }));
  return encodeJsonFile({ views: stored });
}

/** @throws CorruptionError */
function decodeViews(text: string): SavedView[] {
  return decodeJsonFile(text, VIEWS).views.map(({ owner, since, until, ...view }) => ({
    ...view,
    owner: owner ?? undefined,
    since: since ?? undefined,
    until: until ?? undefined,
  }));
}
