/** The pages of a row group: read from its source, decompressed and verified when a decoder asks for them. */
import { type ByteSource, type Header, PEEKS_MAX } from './header.ts';
import { isCompressed, openPage, type PageEntry, type PageReader, takePage, verifyPage } from './pages/page.ts';

export class GroupPages {
  readonly #source: ByteSource;
  readonly #packedBody: Header['packedBody'];

  constructor(source: ByteSource, { packedBody }: Header) {
    this.#source = source;
    this.#packedBody = packedBody;
  }

  /** @param isPassing  no part is kept: pages are valid until those of another chunk are read */
  of(entries: readonly PageEntry[], isPassing = false): PageReader {
    const rest = entries.values();
    // The first number is for pages that are only decompressed.
    let number = 1;
    const passing = (sizeBytes: number): Buffer => this.#read(takePage(rest, sizeBytes), 0, sizeBytes, number++);
    return {
      page: (sizeBytes) =>
        isPassing ? passing(sizeBytes) : this.#read(takePage(rest, sizeBytes), 0, sizeBytes, PEEKS_MAX),
      passing,
      parts: (sizeBytes) => {
        const pieces = takePage(rest, sizeBytes);
        const own = isPassing ? number++ : PEEKS_MAX;
        // A compressed page is read and decompressed as a whole, so once for all parts.
        let page: Buffer | undefined;
        return (start, end) => {
          if (!isCompressed(pieces[0]!)) return this.#read(pieces, start, end, own);
          page ??= this.#read(pieces, 0, sizeBytes, own);
          return page.subarray(start, end);
        };
      },
    };
  }

  /**
   * Returns bytes [start, end) of a page.
   * @param number  of a peek; from PEEKS_MAX on, the bytes get memory of their own
   */
  #read(pieces: readonly PageEntry[], start: number, end: number, number: number): Buffer {
    const [first] = pieces as [PageEntry];
    if (this.#packedBody !== undefined) return this.#packedBody.subarray(first.offset + start, first.offset + end);
    if (isCompressed(first)) {
      const memory = number < PEEKS_MAX ? passingMemory(number, first.rawSize) : undefined;
      return openPage(this.#source.peek(first.offset, first.storedSize), first, memory).subarray(start, end);
    }
    const from = first.offset + start;
    const to = first.offset + end;
    const wanted = pieces.filter(({ offset, storedSize }) => offset < to && offset + storedSize > from);
    const at = wanted[0]?.offset ?? from;
    const sizeBytes = wanted.reduce((sum, { storedSize }) => sum + storedSize, 0);
    const bytes = number < PEEKS_MAX ? this.#source.peek(at, sizeBytes, number) : this.#source.read(at, sizeBytes);
    for (const piece of wanted) {
      verifyPage(bytes.subarray(piece.offset - at, piece.offset - at + piece.storedSize), piece);
    }
    return bytes.subarray(from - at, to - at);
  }
}

/** Memory for pages that are read one after the other, by number; larger ones get memory of their own. */
const PASSING_BYTES_MAX = 256 * 1024;
const passing: Buffer[] = [];

function passingMemory(number: number, rawSize: number): Buffer | undefined {
  if (rawSize >= PASSING_BYTES_MAX) return undefined;
  if ((passing[number]?.length ?? 0) <= rawSize) passing[number] = Buffer.allocUnsafeSlow(rawSize + 1);
  return passing[number];
}
