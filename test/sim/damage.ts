/** Bits that turn. */
import { isBehindRows, isWithin, linesInSegment, linesInWal, linesOfLastGroup } from './lines-in-files.ts';
import { DATA_DIR } from './process.ts';
import type { Run } from './run.ts';
import { settle } from './steps.ts';

/** One bit of one file turns, while nothing is being written. */
export async function flip(run: Run): Promise<void> {
  await settle(run);
  const { image, random, truth, tables, originals } = run;
  const files = image.files().filter(({ path, node }) => path.startsWith(DATA_DIR) && node.seen.sizeBytes > 0);
  const { path, node } = files[random.below(files.length)]!;
  const bytes = node.saved();
  const offset = random.below(bytes.length);
  const live = run.process.store.segments().find((segment) => segment.path === path)?.rowGroups;
  const rowGroups = live ?? tables.get(path);
  if (rowGroups !== undefined) tables.set(path, rowGroups);
  else if (!path.endsWith('.wal')) originals.set(node, originals.get(node) ?? bytes);
  const isFrame = rowGroups !== undefined && !rowGroups.some((ref) => isWithin(ref, offset));
  const lost = rowGroups === undefined ? linesInWal(bytes, offset) : linesInSegment(bytes, rowGroups, offset);
  const inDoubt = rowGroups === undefined && isBehindRows(bytes, offset) ? linesOfLastGroup(bytes) : [];
  const behind = rowGroups === undefined ? linesInWal(bytes, offset, true) : [];
  const damage = (texts: readonly string[], where: string): void => {
    for (const line of texts.map((text) => truth.byText(text)!)) {
      line.damage = [...line.damage, { path: where, isFrame }];
    }
  };
  damage(lost, path);
  damage(inDoubt, path);
  damage(behind, `behind the damage in ${path}`);
  node.flip(offset, random.below(8));
  run.note(`a bit turned in ${path} at ${offset}: ${lost.length} lines`);
}
