/**
 * The files and folders of a simulated disk: for each, what processes see (the page cache) and what is on the medium.
 * They differ by the changes since the last sync. A power cut keeps any part of those: each write whole, torn at any
 * byte, or not at all, whatever came before or after it; and each change of a folder or not. That is more than any file
 * system does, and all that POSIX allows.
 */
import { basename, dirname } from 'node:path';
import type { Random } from '../corpus/random.ts';

type Change =
  | { readonly kind: 'write'; readonly offset: number; readonly bytes: Buffer }
  | { readonly kind: 'truncate'; readonly sizeBytes: number };

/** Bytes that grow. */
class Content {
  bytes = Buffer.alloc(256);
  sizeBytes = 0;

  apply(change: Change): void {
    if (change.kind === 'truncate') this.resize(change.sizeBytes);
    else {
      const end = change.offset + change.bytes.length;
      if (end > this.sizeBytes) this.resize(end);
      change.bytes.copy(this.bytes, change.offset);
    }
  }

  resize(sizeBytes: number): void {
    if (sizeBytes > this.bytes.length) {
      const larger = Buffer.alloc(Math.max(sizeBytes, this.bytes.length * 2));
      this.bytes.copy(larger, 0, 0, this.sizeBytes);
      this.bytes = larger;
    }
    if (sizeBytes < this.sizeBytes) this.bytes.fill(0, sizeBytes, this.sizeBytes);
    this.sizeBytes = sizeBytes;
  }

  view(): Buffer {
    return this.bytes.subarray(0, this.sizeBytes);
  }

  copyFrom(other: Content): void {
    this.bytes = Buffer.from(other.bytes);
    this.sizeBytes = other.sizeBytes;
  }
}

export class FileNode {
  readonly kind = 'file';
  readonly seen = new Content();
  readonly #stored = new Content();
  #unsynced: Change[] = [];

  change(change: Change): void {
    this.seen.apply(change);
    this.#unsynced.push(change);
  }

  sync(): void {
    for (const change of this.#unsynced) this.#stored.apply(change);
    this.#unsynced = [];
  }

  /** Some of it reached the medium; the kernel has forgotten which pages were dirty, so a later sync adds nothing. */
  failSync(random: Random): void {
    this.#storeSome(random);
    this.#unsynced = [];
  }

  powerCut(random: Random): void {
    this.#storeSome(random);
    this.#unsynced = [];
    this.seen.copyFrom(this.#stored);
  }

  /** A bit on the medium turns. The page cache is read from there, sooner or later: both have it. */
  flip(offset: number, bit: number): void {
    for (const content of [this.seen, this.#stored]) {
      if (offset < content.sizeBytes) content.bytes[offset]! ^= 1 << bit;
    }
  }

  /** A copy to put damage back from. */
  saved(): Buffer {
    return Buffer.from(this.seen.view());
  }

  /** Content that is on the medium, as if somebody had restored it. */
  restore(bytes: Buffer): void {
    this.change({ kind: 'truncate', sizeBytes: 0 });
    this.change({ kind: 'write', offset: 0, bytes });
    this.sync();
  }

  #storeSome(random: Random): void {
    for (const change of this.#unsynced) {
      const fate = random.below(3);
      if (fate === 0) continue;
      if (fate === 1 || change.kind === 'truncate') this.#stored.apply(change);
      else this.#stored.apply({ ...change, bytes: change.bytes.subarray(0, random.below(change.bytes.length + 1)) });
      // A file may be as long as it was to be, with zeros where nothing arrived.
      if (change.kind === 'write' && random.below(4) === 0) {
        this.#stored.resize(Math.max(this.#stored.sizeBytes, change.offset + change.bytes.length));
      }
    }
  }
}

/** Names come and go in one step: a rename is one change. */
interface FolderChange {
  readonly remove: readonly string[];
  readonly add: readonly (readonly [string, Node])[];
}

export class FolderNode {
  readonly kind = 'folder';
  readonly seen = new Map<string, Node>();
  readonly #stored = new Map<string, Node>();
  #unsynced: FolderChange[] = [];

  change(change: FolderChange): void {
    applyTo(this.seen, change);
    this.#unsynced.push(change);
  }

  sync(): void {
    for (const change of this.#unsynced) applyTo(this.#stored, change);
    this.#unsynced = [];
  }

  /** Names stay to be written: a file system that loses them for good stops working altogether. */
  failSync(random: Random): void {
    this.#storeSome(random);
  }

  powerCut(random: Random): void {
    this.#storeSome(random);
    this.#unsynced = [];
    this.seen.clear();
    for (const [name, node] of this.#stored) {
      this.seen.set(name, node);
      node.powerCut(random);
    }
  }

  /** Journals write in order, up to some change; a file system without one, any of them. */
  #storeSome(random: Random): void {
    const inOrder = random.below(2) === 0;
    const count = inOrder ? random.below(this.#unsynced.length + 1) : this.#unsynced.length;
    for (const change of this.#unsynced.slice(0, count)) {
      if (inOrder || random.below(2) === 0) applyTo(this.#stored, change);
    }
  }
}

export type Node = FileNode | FolderNode;

function applyTo(names: Map<string, Node>, { remove, add }: FolderChange): void {
  for (const name of remove) names.delete(name);
  for (const [name, node] of add) names.set(name, node);
}

/** The root, and the way to a node. Survives the processes that use it. */
export class DiskImage {
  readonly root = new FolderNode();

  find(path: string): Node | undefined {
    let node: Node | undefined = this.root;
    for (const name of namesOf(path)) {
      if (node?.kind !== 'folder') return undefined;
      node = node.seen.get(name);
    }
    return node;
  }

  /** A file with this content, and the folders above it; all of it is on the medium. */
  put(path: string, bytes: Buffer): void {
    const names = namesOf(path);
    const base = names.pop()!;
    let folder = this.root;
    for (const name of names) {
      let next = folder.seen.get(name);
      if (next === undefined) folder.change({ remove: [], add: [[name, (next = new FolderNode())]] });
      if (next.kind !== 'folder') throw new RangeError(`BUG: ${path} is below a file`);
      folder.sync();
      folder = next;
    }
    const file = new FileNode();
    file.restore(bytes);
    folder.change({ remove: [], add: [[base, file]] });
    folder.sync();
  }

  /** A file is gone, from the medium, too. */
  lose(path: string): void {
    const folder = this.find(dirname(path));
    if (folder?.kind !== 'folder') throw new RangeError(`BUG: no folder has ${path}`);
    folder.change({ remove: [basename(path)], add: [] });
    folder.sync();
  }

  powerCut(random: Random): void {
    this.root.powerCut(random);
  }

  /** Paths of all files, sorted. */
  files(): { readonly path: string; readonly node: FileNode }[] {
    return filesBelow(this.root, '').toSorted((a, b) => (a.path < b.path ? -1 : 1));
  }

  get sizeBytes(): number {
    return this.files().reduce((sum, { node }) => sum + node.seen.sizeBytes, 0);
  }
}

export function namesOf(path: string): string[] {
  return path.split('/').filter((name) => name !== '');
}

function filesBelow(folder: FolderNode, path: string): { path: string; node: FileNode }[] {
  return [...folder.seen].flatMap(([name, node]) =>
    node.kind === 'file' ? [{ path: `${path}/${name}`, node }] : filesBelow(node, `${path}/${name}`),
  );
}
