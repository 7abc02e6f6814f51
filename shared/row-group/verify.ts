/** Verifies the checksums of a row group's pages without decompressing them. */
import { type ByteSource, type Header, memorySource, readHeader, type RowGroupInfo } from './header.ts';
import { verifyPage } from './pages/page.ts';

/**
 * Verifies every checksum of a row group.
 * @throws CorruptionError
 */
export function verifyRowGroup(bytes: Uint8Array): RowGroupInfo {
  const source = memorySource(bytes);
  const header = readHeader(source);
  verifyPages(header, source);
  return header.info;
}

/** @throws CorruptionError for the first page whose checksum does not match */
export function verifyPages({ system, pages, ties, runs, packedBody }: Header, source: ByteSource): void {
  // The checksum of a packed group has been verified with its header.
  if (packedBody !== undefined) return;
  const ofTies = ties === undefined ? [] : [ties.rows, ties.arrivals];
  const ofRuns = runs === undefined ? [] : [runs.codes];
  for (const page of [...[...system, ...ofTies, ...ofRuns].map((chunk) => chunk.pages), ...pages].flat()) {
    verifyPage(source.peek(page.offset, page.storedSize), page);
  }
}
