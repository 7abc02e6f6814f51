/** A server for the agent's tests: the rules of /agent/batch and /agent/positions, everything kept in memory. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseFileId } from '../../shared/file-id.ts';
import { byteStringAt } from '../../shared/byte-strings.ts';
import { RowGroup } from '../../shared/row-group/reader.ts';
import { verifyRowGroup } from '../../shared/row-group/verify.ts';
import { NO_RULES, type RulesAnswer } from '../../shared/rules/rule-set.ts';
import { instantOf } from '../../shared/time.ts';
import { decodeBatch, POSITION_START, type Batch, type Position } from '../../shared/wire.ts';

export interface SunkLine {
  /** Latin-1, so that any byte is one character. */
  readonly text: string;
  readonly stream: string;
  readonly container: string;
  readonly pod: string;
  readonly namespace: string;
  readonly flags: number;
  readonly instant: bigint;
}

/** A line, and in which of the sink's batches it came, from 1. */
interface StoredLine extends SunkLine {
  readonly batch: number;
}

/** What to do with a request instead of what the rules say. */
export type Fault =
  | { readonly status: number; readonly headers?: Record<string, string>; readonly code?: string }
  /** Stores the batch, but the agent never hears of it. */
  | 'store-and-hang-up'
  /** Stores nothing, and answers with what it knows of the batch's files. */
  | 'conflict'
  /** Stores the batch only after the next question for positions is answered, and never answers: its agent must be killed. */
  | 'late'
  | 'hang-up';

export class Sink {
  readonly lines: StoredLine[] = [];
  /** Files that had a position and are gone. */
  readonly gone: string[] = [];
  /** Of files that are not gone. */
  readonly positions = new Map<string, Position>();
  /** What else has a position: ledgers, and the time up to which the agent has everything. */
  readonly notes = new Map<string, Position>();
  /** Of those that are: nobody asks for them, but a repeat may come. */
  readonly #gonePositions = new Map<string, Position>();
  batches = 0;
  repeats = 0;
  conflicts = 0;
  requests = 0;
  /** Asked before each batch is looked at. */
  fault: (batch: Batch) => Fault | undefined = () => undefined;
  isDown = false;
  /** Answers to the next questions for positions, instead of what is known. */
  readonly wrongAnswers: string[] = [];
  #late: Batch | undefined;
  /** What the agent is to keep; without an etag, so that it is told every time. Undefined: the route is missing. */
  rules: RulesAnswer | undefined = { rules: NO_RULES, pods: null };
  isWithoutRules = false;
  rulesRequests = 0;
  readonly #server = createServer((request, response) => {
    void this.#handle(request, response);
  });

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  texts(stream?: string): string[] {
    return this.lines.filter((line) => stream === undefined || line.stream === stream).map((line) => line.text);
  }

  /** Whether there is a batch that will be stored late. */
  get isLate(): boolean {
    return this.#late !== undefined;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.url?.startsWith('/agent/rules') === true && !this.isDown) {
      this.#tellRules(request, response);
      return;
    }
    this.requests++;
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (this.isDown) {
      request.socket.destroy();
    } else if (request.method === 'GET') {
      const wrong = this.wrongAnswers.shift();
      if (wrong !== undefined) response.end(wrong);
      else {
        const known = [...this.positions, ...this.notes];
        answer(response, 200, { positions: known.map(([file, position]) => ({ file, ...position })) });
        this.#takeLate();
      }
    } else {
      this.#post(request, response, decodeBatch(Buffer.concat(chunks)));
    }
  }

  #tellRules(request: IncomingMessage, response: ServerResponse): void {
    this.rulesRequests++;
    if (this.isWithoutRules) request.socket.destroy();
    else if (this.rules === undefined) answer(response, 404, {});
    else answer(response, 200, this.rules);
  }

  #post(request: IncomingMessage, response: ServerResponse, batch: Batch): void {
    const fault = this.fault(batch);
    if (fault === 'hang-up') {
      request.socket.destroy();
      return;
    }
    if (fault === 'conflict') {
      this.#refuse(response, batch.files);
      return;
    }
    if (typeof fault === 'object') {
      response.writeHead(fault.status, fault.headers);
      response.end(JSON.stringify({ error: { code: fault.code ?? 'TEST', message: 'fault' } }));
      return;
    }
    if (fault === 'late') {
      this.#late = batch;
      return;
    }
    const wrong = this.#take(batch);
    if (wrong.length > 0) this.#refuse(response, wrong);
    else if (fault === 'store-and-hang-up') request.socket.destroy();
    else answer(response, 200, { rows: 0 });
  }

  #takeLate(): void {
    if (this.#late !== undefined) this.#take(this.#late);
    this.#late = undefined;
  }

  /**
   * Stores a batch, unless it is a repeat.
   * @returns the files for which it is refused
   */
  #take(batch: Batch): Batch['files'] {
    const wrong = batch.files.filter(({ file, from }) => !isSame(from, this.#known(file)));
    const isNew = batch.gone.some((file) => this.#of(file).has(file));
    const isRepeat =
      batch.files.length > 0 && !isNew && batch.files.every(({ file, to }) => isWithin(to, this.#known(file)));
    if (isRepeat) this.repeats++;
    else if (wrong.length === 0) this.#store(batch);
    return isRepeat ? [] : wrong;
  }

  #refuse(response: ServerResponse, files: Batch['files']): void {
    this.conflicts++;
    answer(response, 409, { positions: files.map(({ file }) => ({ file, ...this.#known(file) })) });
  }

  #store(batch: Batch): void {
    this.batches++;
    const before = new Set(this.positions.keys());
    for (const { file, to } of batch.files) this.#of(file).set(file, to);
    for (const file of batch.gone) {
      const position = this.#of(file).get(file);
      if (position !== undefined) this.#gonePositions.set(file, position);
      this.#of(file).delete(file);
      if (before.has(file)) this.gone.push(file);
    }
    if (batch.rowGroup.length === 0) return;
    for (const line of decodeLines(batch.rowGroup)) this.lines.push({ ...line, batch: this.batches });
  }

  #of(file: string): Map<string, Position> {
    return parseFileId(file) === undefined ? this.notes : this.positions;
  }

  #known(file: string): Position {
    return this.#of(file).get(file) ?? this.#gonePositions.get(file) ?? POSITION_START;
  }
}

export function decodeLines(rowGroup: Uint8Array): SunkLine[] {
  verifyRowGroup(rowGroup);
  const group = new RowGroup(rowGroup);
  const { baseDay, rowCount, streams } = group.info;
  const rows = Array.from({ length: rowCount }, (_, row) => row);
  const lines = group.lines(rows);
  return rows.map((row) => {
    const labels = streams[group.streamCodes()[row]!]!;
    return {
      text: byteStringAt(lines, row).toString('latin1'),
      stream: labels['stream']!,
      container: labels['container']!,
      pod: labels['pod']!,
      namespace: labels['namespace']!,
      flags: group.flags()[row]!,
      instant: instantOf(baseDay, group.timesNs()[row]!),
    };
  });
}

function isSame(a: Position, b: Position): boolean {
  return a.stdout === b.stdout && a.stderr === b.stderr;
}

function isWithin(a: Position, b: Position): boolean {
  return a.stdout <= b.stdout && a.stderr <= b.stderr;
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
