/**
 * zstd frames, compressed and decompressed at once. A thread decompresses all of them with one context: `zstdDecompressSync`
 * makes one for each frame, which takes longer than most frames do.
 *
 * Node has no public call for that, so the context is that of a stream, used by the calls that Node's own synchronous ones use.
 * They are tried once before they are relied on; where they do not do what they did, frames are decompressed one by one.
 */
import { constants, createZstdDecompress, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { CorruptionError } from '../../errors.ts';
import { RAW_BYTES_MAX } from '../format.ts';
import { takeBytes } from './part-memory.ts';

/** zlib's minimum. */
const CHUNK_BYTES_MIN = 64;

export function compress(bytes: Uint8Array, level: number): Buffer {
  return zstdCompressSync(bytes, {
    pledgedSrcSize: bytes.length,
    // Memory for the output is allocated in chunks of this size: one that fits wastes the least.
    chunkSize: Math.max(bytes.length, CHUNK_BYTES_MIN),
    params: { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: 0 },
  });
}

/** Larger frames, and those whose window is larger, get a context of their own: a kept one would keep that memory. */
const KEPT_FRAME_BYTES_LOG2_MAX = 20;

/**
 * @param memory  where there is room for one byte more than `rawSize`, the result is in it
 * @throws CorruptionError when the frame is broken or not exactly `rawSize` bytes long
 */
export function decompress(bytes: Uint8Array, rawSize: number, memory?: Buffer): Buffer {
  if (rawSize > RAW_BYTES_MAX) throw new CorruptionError(`a page claims ${rawSize} bytes`);
  context ??= newContext();
  if (context === 'none' || rawSize > 1 << KEPT_FRAME_BYTES_LOG2_MAX) return decompressAlone(bytes, rawSize);
  // One byte more than needed shows a frame that is longer than it should be.
  const out =
    memory !== undefined && memory.length > rawSize
      ? memory
      : (takeBytes(rawSize + 1) ?? Buffer.allocUnsafe(rawSize + 1));
  if (context.decompress(bytes, out.subarray(0, rawSize + 1)) === rawSize) return out.subarray(0, rawSize);
  // It may wait for the rest of the frame, or refuse everything from now on.
  context.close();
  context = undefined;
  return decompressAlone(bytes, rawSize);
}

function decompressAlone(bytes: Uint8Array, rawSize: number): Buffer {
  let raw: Buffer;
  try {
    // One byte more than needed: the output then comes as one buffer instead of pieces that have to be joined.
    const chunkSize = Math.max(rawSize + 1, CHUNK_BYTES_MIN);
    raw = zstdDecompressSync(bytes, { maxOutputLength: Math.max(rawSize, 1), chunkSize });
  } catch (cause) {
    throw new CorruptionError('a zstd frame cannot be read', undefined, { cause });
  }
  if (raw.length !== rawSize) throw new CorruptionError(`a page has ${raw.length} bytes, its header says ${rawSize}`);
  return raw;
}

/** What Node's streams of zlib are made of. */
interface Internals {
  readonly _handle: Handle;
  /** After a write: bytes of the output that are free, and bytes of the input that are left. */
  readonly _writeState: Uint32Array;
}

interface Handle {
  writeSync(
    flush: number,
    input: Uint8Array,
    inputStart: number,
    inputBytes: number,
    output: Uint8Array,
    outputStart: number,
    outputBytes: number,
  ): void;
  close(): void;
}

/** Owns a context of zstd. */
class Context {
  readonly #handle: Handle;
  readonly #state: Uint32Array;
  #hasFailed = false;

  constructor() {
    const params = { [constants.ZSTD_d_windowLogMax]: KEPT_FRAME_BYTES_LOG2_MAX };
    // It is never used as a stream, so it does not listen, and keeps no process alive.
    const { _handle: handle, _writeState: state } = createZstdDecompress({ params }) as unknown as Internals;
    Object.assign(handle, { onerror: () => (this.#hasFailed = true) });
    this.#handle = handle;
    this.#state = state;
  }

  /** Returns the size of a frame's output; undefined where it is broken, or does not end where the input does. */
  decompress(frame: Uint8Array, out: Uint8Array): number | undefined {
    this.#handle.writeSync(constants.ZSTD_e_end, frame, 0, frame.length, out, 0, out.length);
    const freeBytes = this.#state[0]!;
    const leftBytes = this.#state[1]!;
    return this.#hasFailed || leftBytes > 0 ? undefined : out.length - freeBytes;
  }

  close(): void {
    this.#handle.close();
  }
}

/** That of this thread; undefined where the next frame needs a new one. */
let context: Context | 'none' | undefined;
let isTried = false;

function newContext(): Context | 'none' {
  try {
    const made = new Context();
    if (isTried || works(made)) {
      isTried = true;
      return made;
    }
  } catch {
    // Node has changed what it does not promise.
  }
  return 'none';
}

/** Two frames, one after the other. */
function works(made: Context): boolean {
  return ['podlog '.repeat(100), 'a line of a log\n'.repeat(500)].every((text) => {
    const raw = Buffer.from(text);
    const out = Buffer.alloc(raw.length + 1);
    return made.decompress(compress(raw, 1), out) === raw.length && out.subarray(0, raw.length).equals(raw);
  });
}
