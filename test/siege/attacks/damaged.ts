/**
 * Copies of the data folder that are damaged before a server starts on them: it serves what is whole, says what is not, and
 * misses no more than the damaged pieces.
 */
import { cpSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  MANIFEST_COPY_FILE,
  MANIFEST_FILE,
  SEGMENTS_FOLDER,
  SNAPSHOTS_FOLDER,
  walFolder,
} from '../../../server/engines/embedded/platform/filenames.ts';
import { Random } from '../../corpus/random.ts';

export interface Damage {
  readonly name: string;
  /** Whether each acknowledged line must still be there. */
  readonly isLossless: boolean;
  readonly inflict: (dataDir: string, random: Random) => void;
}

export const DAMAGES: readonly Damage[] = [
  {
    name: 'a byte of the manifest',
    isLossless: true,
    inflict: (dir, random) => flip(join(dir, MANIFEST_FILE), random),
  },
  {
    name: 'a byte of either manifest',
    isLossless: true,
    inflict: (dir, random) => {
      flip(join(dir, MANIFEST_FILE), random);
      flip(join(dir, MANIFEST_COPY_FILE), random);
    },
  },
  {
    name: 'no manifest',
    isLossless: true,
    inflict: (dir) => {
      rmSync(join(dir, MANIFEST_FILE));
      rmSync(join(dir, MANIFEST_COPY_FILE));
    },
  },
  {
    name: 'a byte of a segment',
    isLossless: false,
    inflict: (dir, random) => flip(largest(join(dir, SEGMENTS_FOLDER)), random),
  },
  { name: 'a byte of a WAL file', isLossless: false, inflict: (dir, random) => flip(largest(walFolder(dir)), random) },
];

export function damagedCopy(dataDir: string, into: string, { inflict }: Damage, seed: number): void {
  // Backups have a folder for each of the thousands of days of a bomb, and nothing that a server reads.
  const backups = join(dataDir, SNAPSHOTS_FOLDER);
  cpSync(dataDir, into, { recursive: true, filter: (path) => path !== backups && !statSync(path).isSocket() });
  inflict(into, new Random(seed));
}

function flip(path: string, random: Random): void {
  const bytes = readFileSync(path);
  bytes[random.below(bytes.length)]! ^= 1 << random.below(8);
  writeFileSync(path, bytes);
}

function largest(folder: string): string {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => statSync(path).size > 0);
  return files.toSorted((a, b) => statSync(b).size - statSync(a).size)[0]!;
}
