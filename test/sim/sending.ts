/** Writers: agents, which send again until they know that they need not, and clients that push once. */
import type { Labels } from '../../shared/labels.ts';
import { instantOfMs } from '../../shared/time.ts';
import { encodeBatch } from '../../shared/wire.ts';
import type { BatchOutcome } from '../../server/ingest/accept-batch.ts';
import type { Random } from '../corpus/random.ts';
import { at, rowGroupOf } from '../server/engines/embedded/batches.ts';
import { type Run, unlessRefused, Wrong } from './run.ts';
import type { Push, TrueLine, Writer } from './truth.ts';

const DAY_MS = 86_400_000;

interface Range {
  readonly writer: Writer;
  readonly from: number;
  readonly to: number;
}

export function send(run: Run, indexes: readonly number[], count: number, isReplyLost: boolean): void {
  const free = indexes.map((index) => run.truth.writers[index]!).filter(({ isBusy }) => !isBusy);
  // A batch is of one node.
  const writers = free.filter(({ node }) => node === free[0]!.node);
  if (writers.length === 0) return;
  const ranges = writers.map((writer) => {
    while (writer.lines.length < writer.known + count) makeLine(run, writer.labels, writer.lines);
    return { writer, from: writer.known, to: writer.known + count };
  });
  for (const { writer, from, to } of ranges) {
    writer.isBusy = true;
    run.truth.send(writer, from, to);
  }
  run.launch('send', async () => {
    const outcome = await accept(run, ranges);
    for (const { writer, to } of ranges) {
      writer.isBusy = false;
      if (!isReplyLost && outcome !== undefined && outcome.kind !== 'conflict') writer.known = to;
    }
  });
}

/** The last batch once more: it must change nothing. */
export function sendAgain(run: Run, writer: Writer): void {
  if (writer.isBusy || writer.known === 0) return;
  const from = Math.max(0, writer.known - 2);
  run.launch('repeat', async () => {
    const outcome = await accept(run, [{ writer, from, to: writer.known }]);
    if (outcome?.kind === 'stored') throw new Wrong(`${writer.file}: a repeat was stored`);
  });
}

/** A batch that begins where its file does not end: it must be refused. */
export function sendWrong(run: Run, writer: Writer): void {
  while (writer.lines.length < writer.known + 9) makeLine(run, writer.labels, writer.lines);
  const from = writer.known + 8;
  run.launch('wrong', async () => {
    const outcome = await accept(run, [{ writer, from, to: from + 1 }]);
    if (outcome?.kind === 'stored') throw new Wrong(`${writer.file}: a batch with a hole before it was stored`);
  });
}

export function push(run: Run, count: number): void {
  const { truth } = run;
  const lines: TrueLine[] = [];
  const labels = { app: 'push', pod: `push-${truth.pushes.length}`, stream: 'stdout' };
  while (lines.length < count) makeLine(run, labels, lines);
  const pushed: Push = { lines, state: 'sent', refusedAt: undefined };
  truth.pushes.push(pushed);
  run.launch('push', async () => {
    const sentAt = truth.moment();
    const bytes = encodeBatch({ node: '', files: [], gone: [], rowGroup: rowGroupOf(lines) });
    const outcome = await unlessRefused(() => run.process.acceptor.accept(bytes));
    run.note(`${labels.pod}: ${outcome?.kind ?? 'refused'}`);
    pushed.state = outcome === undefined ? 'refused' : 'stored';
    if (outcome === undefined) pushed.refusedAt = truth.moment();
    else truth.settleRefusals(sentAt);
  });
}

/** @returns undefined when the store cannot take writes now */
async function accept(run: Run, ranges: readonly Range[]): Promise<BatchOutcome | undefined> {
  const { truth } = run;
  const sentAt = truth.moment();
  const bytes = encodeBatch({
    node: ranges[0]!.writer.node,
    files: ranges.map(({ writer, from, to }) => ({ file: writer.file, from: at(from), to: at(to) })),
    gone: [],
    rowGroup: rowGroupOf(ranges.flatMap(({ writer, from, to }) => writer.lines.slice(from, to))),
  });
  const outcome = await unlessRefused(() => run.process.acceptor.accept(bytes));
  const told = ranges.map(({ writer, from, to }) => `${writer.labels['pod']} ${from}–${to}`).join(' and ');
  run.note(`${told}: ${outcome?.kind ?? 'refused'}`);
  if (outcome === undefined) for (const { writer, to } of ranges) truth.refuse(writer, to);
  if (outcome?.kind === 'stored') truth.settleRefusals(sentAt);
  if (outcome?.kind === 'conflict') learn(run, outcome.answer.positions);
  else if (outcome !== undefined) for (const { writer, to } of ranges) truth.acknowledge(writer, to);
  return outcome;
}

/** The store has told where it is: that is a promise, too. */
function learn({ truth }: Run, positions: readonly { readonly file: string; readonly stdout: number }[]): void {
  for (const { file, stdout } of positions) {
    const writer = truth.writers.find((each) => each.file === file)!;
    if (stdout < writer.acknowledged) {
      throw new Wrong(`${file}: ${stdout}, but ${writer.acknowledged} was acknowledged`);
    }
    truth.acknowledge(writer, stdout);
    writer.known = stdout;
  }
}

function makeLine(run: Run, labels: Labels, lines: TrueLine[]): void {
  const { random } = run;
  // Coarse, so that many are equal; and some far back, on another day.
  const backMs = random.below(5) === 0 ? random.below(2 * DAY_MS) : random.below(3000);
  const epochMs = Math.floor((run.time.now() - backMs) / 1000) * 1000;
  const day = Math.floor(epochMs / DAY_MS);
  lines.push(
    run.truth.add({
      text: textOf(`${labels['pod']}-${lines.length}`, random),
      labels,
      day,
      timeNs: (epochMs - day * DAY_MS) * 1e6,
      instant: instantOfMs(epochMs),
      number: lines.length,
    }),
  );
}

function textOf(id: string, random: Random): string {
  const user = random.below(5);
  if (random.below(6) === 0) return `plain ${id} user ${user}`;
  const level = random.below(4) === 0 ? 'error' : 'info';
  return `{"id":"${id}","level":"${level}","user":${user},"ms":${random.below(2000) / 8}}`;
}
