/**
 * JSON files with a checksum, replaced as a whole: the manifest (core/manifest-file.ts) and the job of an erasure
 * (core/erasure-job.ts). See FORMAT.md#json-files.
 */
import { crc32 } from 'node:zlib';
import * as v from 'valibot';
import { CorruptionError } from '../../../../shared/errors.ts';
import { createFile, type Disk } from './disk.ts';

/** The format of one kind of file. */
export interface JsonFileFormat<T> {
  /** Name of the file in errors: `the manifest`. */
  readonly what: string;
  readonly schema: v.GenericSchema<unknown, T>;
}

/** A number that counts something. */
export const COUNT = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

const NO_CHECKSUM = '00000000';
const FIRST_MEMBER = /^\{\n {2}"crc32": "([0-9a-f]{8})",\n/;
/** A checksum in a line of its own, in front of the JSON that it is of: erasures of older versions. */
const FIRST_LINE = /^([0-9a-f]{8})\n([^\n]*)\n?$/;

/** Text whose first member is the checksum of the whole, with zeros in the checksum's place. */
export function encodeJsonFile(value: object): string {
  const text = `${JSON.stringify({ crc32: NO_CHECKSUM, ...value }, null, 2)}\n`;
  return text.replace(NO_CHECKSUM, checksumOf(text));
}

/** @throws CorruptionError  the checksum does not match, or something else was written than the schema says */
export function decodeJsonFile<T>(text: string, { what, schema }: JsonFileFormat<T>): T {
  const json = verified(text);
  if (json === undefined) throw new CorruptionError(`the checksum of ${what} does not match`);
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw new CorruptionError(`${what} is not JSON`, undefined, { cause });
  }
  const { success, output, issues } = v.safeParse(schema, value);
  if (success) return output;
  const [issue] = issues;
  throw new CorruptionError(
    `${what} has something that cannot be: ${v.getDotPath(issue) ?? 'all of it'}: ${issue.message}`,
  );
}

/**
 * Replaces the file: after a crash there is the old text or the new one. Durable but for its name (see Disk.syncFolder).
 * Called by one writer at a time.
 * @param temporary  a path in the same folder, which is overwritten
 */
export async function replaceJsonFile(disk: Disk, path: string, text: string, temporary: string): Promise<void> {
  await disk.remove(temporary);
  await createFile(disk, temporary, text);
  await disk.rename(temporary, path);
}

/** The JSON in a text whose checksum is right. */
function verified(text: string): string | undefined {
  const line = FIRST_LINE.exec(text);
  if (line !== null) return line[1] === checksumOf(line[2]!) ? line[2] : undefined;
  const checksum = FIRST_MEMBER.exec(text)?.[1];
  return checksum !== undefined && checksum === checksumOf(text.replace(checksum, NO_CHECKSUM)) ? text : undefined;
}

function checksumOf(text: string): string {
  return crc32(text).toString(16).padStart(8, '0');
}
