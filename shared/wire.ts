/**
 * The batch: what an agent posts to `/agent/batch` and, byte for byte, what the server appends to its WAL.
 *
 *     ┌───────────┬────────────────┬────────────┬──────────────┬───────────────────┐
 *     │ "PLB1" u32│ header size u32│ crc32 u32  │ header       │ row group or empty│
 *     └───────────┴────────────────┴────────────┴──────────────┴───────────────────┘
 *     header:  node string
 *              files: count × { file string, from stdout, from stderr, to stdout, to stderr : varint }
 *              gone:  count × file string
 *
 * The checksum covers the header; the row group carries its own. A batch without a row group only moves positions.
 *
 * **Positions.** A log file is identified by `<pod uid>/<container>/<restart>@<CRI timestamp of its first line>`,
 * followed by `~<bytes>-<crc32>` of its beginning where another file of the same run has the same first line. Its
 * position is, for each of stdout and stderr, the offset in uncompressed bytes before which every fragment of that
 * stream has been stored. The two differ only while one stream waits for the rest of a partial line. A batch moves
 * positions and stores lines in one record, so the two cannot disagree.
 *
 * **Notes** are kept and moved like positions, so that an agent, which keeps no state, finds what its predecessor knew:
 * `<pod uid>/<container>/runs:<namespace>/<pod>` counts the runs of a container that have begun (stdout) and those that
 * are finished (stderr); `/caught-up` is the time in epoch milliseconds up to which everything on the node is stored.
 */
import { crc32 } from 'node:zlib';
import { ByteReader, ByteWriter } from './bytes.ts';
import { CorruptionError } from './errors.ts';

export const BATCH_CONTENT_TYPE = 'application/vnd.podlog.batch';
const MAGIC = 0x31424c50;
const PREFIX_BYTES = 12;

/** Offsets in uncompressed bytes, one for each stream of a log file. */
export interface Position {
  readonly stdout: number;
  readonly stderr: number;
}

export const POSITION_START: Position = { stdout: 0, stderr: 0 };

/** The part of a file that a batch covers: the server must know `from`, and will know `to`. */
export interface FileRange {
  readonly file: string;
  readonly from: Position;
  readonly to: Position;
}

export interface Batch {
  readonly node: string;
  readonly files: readonly FileRange[];
  /** Files that no longer exist on the node and are read to their end: their positions may be forgotten. */
  readonly gone: readonly string[];
  /** One encoded row group, or no bytes. */
  readonly rowGroup: Uint8Array;
}

export function encodeBatch(batch: Batch): Buffer {
  const header = new ByteWriter();
  header.string(batch.node);
  header.varint(batch.files.length);
  for (const { file, from, to } of batch.files) {
    header.string(file);
    header.varint(from.stdout);
    header.varint(from.stderr);
    header.varint(to.stdout);
    header.varint(to.stderr);
  }
  header.varint(batch.gone.length);
  for (const file of batch.gone) header.string(file);
  const headerBytes = header.view();
  const prefix = Buffer.allocUnsafe(PREFIX_BYTES);
  prefix.writeUInt32LE(MAGIC, 0);
  prefix.writeUInt32LE(headerBytes.length, 4);
  prefix.writeUInt32LE(crc32(headerBytes), 8);
  return Buffer.concat([prefix, headerBytes, batch.rowGroup]);
}

/**
 * Decodes the header. The row group of the result is an unchecked view of `bytes`.
 * @throws CorruptionError
 */
export function decodeBatch(bytes: Uint8Array): Batch {
  const reader = new ByteReader(bytes);
  if (reader.u32() !== MAGIC) throw new CorruptionError('not a podlog batch: it must begin with "PLB1"');
  const headerSize = reader.u32();
  const checksum = reader.u32();
  const headerBytes = reader.raw(headerSize);
  if (crc32(headerBytes) !== checksum) throw new CorruptionError('the checksum of the batch header does not match');
  const header = new ByteReader(headerBytes);
  const node = header.string();
  const files: FileRange[] = [];
  for (let n = header.count(5); n > 0; n--) {
    files.push({ file: header.string(), from: readPosition(header), to: readPosition(header) });
  }
  const gone: string[] = [];
  for (let n = header.count(); n > 0; n--) gone.push(header.string());
  header.expectEnd();
  return { node, files, gone, rowGroup: reader.raw(reader.remaining) };
}

function readPosition(reader: ByteReader): Position {
  return { stdout: reader.varint(), stderr: reader.varint() };
}

/** Body of a 409 answer and of `GET /agent/positions?node=…`: the positions that the server has. */
export interface PositionsAnswer {
  readonly positions: readonly ({ readonly file: string } & Position)[];
}
