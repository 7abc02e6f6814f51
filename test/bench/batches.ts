/** The corpus as agents meet it and ship it: pieces of files, and from them encoded batches with their positions. */
import { CriParser } from '../../shared/cri.ts';
import { RowGroupBuilder } from '../../shared/row-group/builder.ts';
import { type FileRange, encodeBatch } from '../../shared/wire.ts';
import { type Corpus, CORPUS_LINE_BYTES_MAX, type CorpusPod } from '../corpus/corpus.ts';

/** What an agent reads at once. */
const CHUNK_BYTES = 256 * 1024;

/** Whole lines of one pod's log file. */
export interface Chunk {
  /** Index in `Corpus.pods`. */
  readonly pod: number;
  readonly bytes: Buffer;
}

/** The corpus's next lines, pod by pod: a piece of one file after a piece of another. */
export function nextChunks(corpus: Corpus, lineCount: number): Chunk[] {
  const open = corpus.pods.map(() => ({ bytes: Buffer.allocUnsafe(CHUNK_BYTES), used: 0 }));
  const scratch = Buffer.alloc(CORPUS_LINE_BYTES_MAX);
  const chunks: Chunk[] = [];
  const close = (pod: number): void => {
    const { bytes, used } = open[pod]!;
    if (used > 0) chunks.push({ pod, bytes: bytes.subarray(0, used) });
    open[pod] = { bytes: Buffer.allocUnsafe(CHUNK_BYTES), used: 0 };
  };
  for (let i = 0; i < lineCount; i++) {
    const end = corpus.nextFragment(scratch, 0);
    if (open[corpus.stream]!.used + end > CHUNK_BYTES) close(corpus.stream);
    const into = open[corpus.stream]!;
    into.bytes.set(scratch.subarray(0, end), into.used);
    into.used += end;
  }
  for (const pod of open.keys()) close(pod);
  return chunks;
}

/** How far one pod's file is shipped and read, and its stream's code in the row group being built. */
interface FileState {
  readonly pod: CorpusPod;
  /** Known once the first line is. */
  file: string;
  from: number;
  to: number;
  code: number;
}

/** Owns the positions of some pods' files and the row group that their lines go to. */
export class BatchEncoder {
  readonly #node: string;
  readonly #rowsMax: number;
  readonly #take: (batch: Buffer) => void;
  readonly #builder = new RowGroupBuilder();
  readonly #parser = new CriParser();
  readonly #files: FileState[];

  /** @param take  gets each batch, which ends exactly at `rowsMax` rows or with `finish` */
  constructor(node: string, corpus: Corpus, rowsMax: number, take: (batch: Buffer) => void) {
    this.#node = node;
    this.#rowsMax = rowsMax;
    this.#take = take;
    this.#files = corpus.pods.map((pod) => ({ pod, file: '', from: 0, to: 0, code: -1 }));
  }

  add({ pod, bytes }: Chunk): void {
    const file = this.#files[pod]!;
    if (file.file === '') file.file = fileId(file.pod, bytes);
    const chunkFrom = file.to;
    let base = this.#builder.append(bytes, 0, bytes.length);
    for (let at = 0, end = 0; at < bytes.length; at = end + 1) {
      end = bytes.indexOf(0x0a, at);
      if (!this.#parser.parse(bytes, at, end)) throw new Error('BUG: the corpus wrote a line that is not CRI');
      const { day, timeNs, messageStart } = this.#parser;
      if (file.code < 0) file.code = this.#builder.stream(file.pod.labels);
      this.#builder.add(file.code, day, timeNs, 0, base + messageStart, base + end);
      file.to = chunkFrom + end + 1;
      if (this.#builder.rowCount < this.#rowsMax) continue;
      this.finish();
      // What is left of the chunk moves to the next group's arena.
      base = this.#builder.append(bytes, end + 1, bytes.length) - (end + 1);
    }
  }

  finish(): void {
    if (this.#builder.rowCount === 0) return;
    const files: FileRange[] = [];
    for (const file of this.#files) {
      file.code = -1;
      if (file.to === file.from) continue;
      const from = { stdout: file.from, stderr: file.from };
      files.push({ file: file.file, from, to: { stdout: file.to, stderr: file.to } });
      file.from = file.to;
    }
    this.#take(encodeBatch({ node: this.#node, files, gone: [], rowGroup: this.#builder.finish() }));
  }
}

function fileId({ uid, labels, restart }: CorpusPod, bytes: Buffer): string {
  return `${uid}/${labels.container}/${restart}@${bytes.toString('latin1', 0, bytes.indexOf(0x20))}`;
}
