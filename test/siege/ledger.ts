/**
 * Honest senders that never stop, a pusher and an agent, and what the server has acknowledged to them: at the end each line
 * must be there once. They send a refused or lost batch again until it is acknowledged, as real ones do.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { BATCH_CONTENT_TYPE, type PositionsAnswer } from '../../shared/wire.ts';
import { batchOf, type Line, range } from '../server/engines/embedded/batches.ts';
import { type Answer, call, NODE, TOKENS } from './caller.ts';

const LINES_A_BATCH = 100;
const PAUSE_MS = 100;
const RETRY_MS = 200;
/** Where the manifest had to be rebuilt, no line is shown until what had been erased is erased again. */
const SHOWN_MS_MAX = 600_000;
/** A page of lines that are read back. */
const READ_LINES = 50_000;

/** One honest sender. */
export interface Account {
  readonly name: string;
  /** Lines 0 to `acknowledged` − 1 must be there; those up to `sent` may be. */
  acknowledged: number;
  sent: number;
  /** Of each attempt that was acknowledged. */
  readonly ms: number[];
  refusals: number;
}

export interface Balance {
  readonly acknowledged: number;
  readonly lost: number;
  readonly doubled: number;
}

export class Ledger {
  readonly #run = randomUUID().slice(0, 8);
  readonly push: Account = account('push');
  readonly agent: Account = account('agent');
  readonly #stopped = new AbortController();
  #working: Promise<unknown> = Promise.resolve();

  /** @param url  asked for each attempt: the server may have been started again elsewhere */
  start(url: () => string): void {
    this.#working = Promise.all([
      this.#repeat(this.push, () => this.#push(url())),
      this.#repeat(this.agent, () => this.#send(url())),
    ]);
  }

  /** Sends one more of each until it is acknowledged. It is only in the WAL then, as nothing is flushed at once. */
  async sendOnce(url: string): Promise<void> {
    for (const send of [() => this.#push(url), () => this.#send(url)]) {
      while ((await send()).status !== 200) await sleep(RETRY_MS);
    }
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#working;
  }

  /** Latencies since the last call. */
  takeMs(): { readonly push: readonly number[]; readonly agent: readonly number[] } {
    return { push: this.push.ms.splice(0), agent: this.agent.ms.splice(0) };
  }

  /** Reads everything back and compares. */
  async balance(url: string): Promise<Balance> {
    let [acknowledged, lost, doubled] = [0, 0, 0];
    for (const each of [this.push, this.agent]) {
      const seen = new Uint8Array(each.sent + LINES_A_BATCH);
      for (let from = 0; from < each.sent; from += READ_LINES) {
        for (const n of await this.#read(url, each, from)) if (seen[n]! < 2) seen[n]!++;
      }
      acknowledged += each.acknowledged;
      for (let n = 0; n < each.sent; n++) {
        if (n < each.acknowledged && seen[n] === 0) lost++;
        if (seen[n]! > 1) doubled++;
      }
    }
    return { acknowledged, lost, doubled };
  }

  async #repeat(of: Account, once: () => Promise<Answer | undefined>): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      const answer = await once();
      if (answer === undefined || answer.status === 200) {
        await sleep(PAUSE_MS);
        continue;
      }
      of.refusals++;
      await sleep(RETRY_MS);
    }
  }

  /** The part of a line that tells which page it is on, and its number. */
  #text(of: Account, n: number): string {
    const page = Math.floor(n / READ_LINES);
    return JSON.stringify({ level: 'info', siege: `${this.#run}-${of.name}-${page}`, n, message: 'an honest line' });
  }

  async #push(url: string): Promise<Answer> {
    const from = this.push.acknowledged;
    const to = from + LINES_A_BATCH;
    this.push.sent = to;
    const lines = Array.from({ length: LINES_A_BATCH }, (_, i) => `${this.#text(this.push, from + i)}\n`);
    const headers = { 'content-type': 'application/x-ndjson', 'idempotency-key': `${this.#run}-${from}` };
    const answer = await call(`${url}/ingest?app=honest`, {
      method: 'POST',
      as: 'ingest',
      headers,
      body: lines.join(''),
    });
    if (answer.status === 200) {
      this.push.acknowledged = to;
      this.push.ms.push(answer.ms);
    }
    return answer;
  }

  async #send(url: string): Promise<Answer> {
    const from = this.agent.acknowledged;
    const to = from + LINES_A_BATCH;
    this.agent.sent = Math.max(this.agent.sent, to);
    const file = `${this.#run}/honest/0@2026-01-01T00:00:00Z`;
    const nowMs = Date.now();
    const day = Math.floor(nowMs / 86_400_000);
    const lines: Line[] = Array.from({ length: LINES_A_BATCH }, (_, i) => {
      return { text: this.#text(this.agent, from + i), day, timeNs: (nowMs - day * 86_400_000) * 1e6 + i };
    });
    const body = batchOf({ node: NODE, lines, files: [range(file, from, to)] });
    const headers = { 'content-type': BATCH_CONTENT_TYPE };
    const answer = await call(`${url}/agent/batch`, { method: 'POST', as: 'agent', headers, body });
    if (answer.status === 200) {
      this.agent.acknowledged = to;
      this.agent.ms.push(answer.ms);
    }
    if (answer.status === 409) {
      const { positions } = JSON.parse(answer.text) as PositionsAnswer;
      // An answer that was lost: the server knows better how far it has come.
      this.agent.acknowledged = Math.max(from, positions[0]?.stdout ?? 0);
    }
    return answer;
  }

  async #read(url: string, of: Account, from: number): Promise<number[]> {
    const query = `siege=${this.#run}-${of.name}-${Math.floor(from / READ_LINES)}&limit=${2 * READ_LINES}&format=raw`;
    const headers = { authorization: `Bearer ${TOKENS.read}` };
    for (const endMs = performance.now() + SHOWN_MS_MAX; ; await sleep(RETRY_MS)) {
      const response = await fetch(`${url}/logs?${query}`, { headers });
      const text = await response.text();
      if (response.ok) return numbersOf(text);
      if (response.status === 503 && performance.now() < endMs) continue;
      throw new Error(`the honest lines cannot be read: ${response.status} ${text.slice(0, 200)}`);
    }
  }
}

function numbersOf(text: string): number[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { n: number }).n);
}

function account(name: string): Account {
  return { name, acknowledged: 0, sent: 0, ms: [], refusals: 0 };
}
