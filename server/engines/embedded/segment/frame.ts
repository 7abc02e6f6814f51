/** The frame of a segment: its tail, its directory, and sections by their places. All who read segments read it here. */
import { crc32 } from 'node:zlib';
import { CorruptionError } from '../../../../shared/errors.ts';
import type { DiskFile } from '../platform/disk.ts';
import { decodeDirectory, type Section, SEGMENT_HEADER_BYTES, SEGMENT_MAGIC, SEGMENT_TAIL_BYTES } from './format.ts';

/**
 * Reads the directory; all sections lie within the file.
 * @throws CorruptionError
 */
export async function readDirectory(file: DiskFile, sizeBytes: number): Promise<Section[]> {
  if (sizeBytes < SEGMENT_HEADER_BYTES + SEGMENT_TAIL_BYTES) throw new CorruptionError('too short for a segment');
  const tail = await file.read(sizeBytes - SEGMENT_TAIL_BYTES, SEGMENT_TAIL_BYTES);
  if (tail.readUInt32LE(8) !== SEGMENT_MAGIC) throw new CorruptionError('the segment does not end with "PLS1"');
  const directoryBytes = tail.readUInt32LE(0);
  const offset = sizeBytes - SEGMENT_TAIL_BYTES - directoryBytes;
  if (offset < SEGMENT_HEADER_BYTES) throw new CorruptionError('the directory is larger than the segment');
  const bytes = await file.read(offset, directoryBytes);
  const sections = decodeDirectory(verified(bytes, tail.readUInt32LE(4), 'the directory'));
  for (const section of sections) assertWithin(section, sizeBytes, `section ${section.kind}`);
  return sections;
}

/** @throws CorruptionError  there is none, or its checksum does not match */
export async function readSection(file: DiskFile, section: Section | undefined, what: string): Promise<Buffer> {
  if (section === undefined) throw new CorruptionError(`${what} is missing`);
  return verified(await file.read(section.offset, section.sizeBytes), section.checksum, what);
}

export function sectionOf(sections: readonly Section[], kind: number): Section | undefined {
  return sections.find((section) => section.kind === kind);
}

/** No one asks for more bytes than the file has, and so for more memory. @throws CorruptionError */
export function assertWithin(
  part: { readonly offset: number; readonly sizeBytes: number },
  fileBytes: number,
  what: string,
): void {
  if (part.offset + part.sizeBytes > fileBytes) throw new CorruptionError(`${what} lies outside of the segment`);
}

/** @throws CorruptionError */
export function verified<B extends Uint8Array>(bytes: B, checksum: number, what: string): B {
  if (crc32(bytes) !== checksum) throw new CorruptionError(`the checksum of ${what} does not match`);
  return bytes;
}
