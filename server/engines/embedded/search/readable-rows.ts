/** Rows as a person reads them in a terminal: see shared/readable-line/. */
import type { Labels } from '../../../../shared/labels.ts';
import { podName } from '../../../../shared/readable-line/pod-name.ts';
import { readableLine } from '../../../../shared/readable-line/readable-line.ts';
import { toAnsi, toText } from '../../../../shared/readable-line/to-text.ts';
import { flagNames } from '../../../store/row-block.ts';
import type { Readable } from '../../../store/sink.ts';
import type { RowClock } from './row-clock.ts';
import { levelOf } from './row-level.ts';
import type { RowWriter, TextRow } from './row-writer.ts';
import type { TextBuffer } from './text-buffer.ts';

export class ReadableRows implements RowWriter {
  readonly needsFields = true;
  readonly needsCursors = false;
  readonly expansion = 1;
  readonly #clock: RowClock;
  readonly #options: Readable;
  readonly #pods = new Map<Labels, string>();

  constructor(clock: RowClock, options: Readable) {
    this.#clock = clock;
    this.#options = options;
  }

  write({ labels, flags, bytes, start, end, fields, baseDay, timeNs }: TextRow, out: TextBuffer): void {
    const { isColored, today } = this.#options;
    const level = levelOf(labels, fields!)?.toString();
    const line = bytes.toString('utf8', start, end);
    const metadata = fields!.metadataTexts();
    const segments = readableLine({ labels, level, fields: fields!.texts(), metadata, line, flags: flagNames(flags) });
    const head = { time: this.#clock.clock(baseDay, timeNs, today), level, pod: this.#podOf(labels) };
    out.text(isColored ? toAnsi(head, segments) : toText(head, segments));
    out.ascii('\n');
  }

  #podOf(labels: Labels): string {
    let pod = this.#pods.get(labels);
    if (pod === undefined) {
      pod = podName(labels, this.#options.withNamespace);
      this.#pods.set(labels, pod);
    }
    return pod;
  }
}
