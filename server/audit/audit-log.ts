/**
 * Who did what, and from where: a line with the label `source=audit` in the store, and the same in the server's log. Written for
 * erasures, exports and sign-ins, it has the names of filters and never their values: an erased id must not live on here, nor any
 * secret. Lines have no namespace, so only callers that see all namespaces see them; and no sender may make some
 * (../ingest/label-limits.ts).
 */
import type { Logger } from 'pino';
import { PodlogError } from '../../shared/errors.ts';
import type { Labels } from '../../shared/labels.ts';
import { RowGroupBuilder } from '../../shared/row-group/builder.ts';
import { rowTimeOfMs } from '../../shared/time.ts';
import { encodeBatch } from '../../shared/wire.ts';
import type { BatchAcceptor } from '../ingest/accept-batch.ts';
import { PUSH_NODE } from '../store/positions.ts';
import { FailedLogins } from './failed-logins.ts';

/** What was done, in the words of the line's message. */
export type AuditedAction =
  'erasure requested' | 'erasure forgotten' | 'lines exported' | 'signed in' | 'sign-in refused' | 'signed out';

export interface AuditEntry {
  readonly action: AuditedAction;
  /** Undefined where it is not known, or where everyone is one caller. */
  readonly caller: string | undefined;
  readonly address: string;
  /** What else a reader needs; never a value that was searched for. */
  readonly details?: Readonly<Record<string, string | number | boolean | readonly string[]>>;
}

export interface AuditLogOptions {
  /** Undefined where everyone is one caller: lines that name no one are in the server's log alone. */
  readonly acceptor: Pick<BatchAcceptor, 'accept'> | undefined;
  readonly log: Logger;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

const LABELS: Labels = { source: 'audit' };

export class AuditLog {
  readonly #options: AuditLogOptions;
  readonly #failedLogins: FailedLogins;
  /** Settles when the lines of failed sign-ins so far are stored. */
  #reporting: Promise<unknown> = Promise.resolve();

  constructor(options: AuditLogOptions) {
    this.#options = options;
    this.#failedLogins = new FailedLogins((address, { times, reason }) => {
      const entry: AuditEntry = { action: 'sign-in refused', caller: undefined, address, details: { reason, times } };
      this.#reporting = Promise.all([this.#reporting, this.record(entry)]);
    });
  }

  /** Resolves when the line is durable, or is known to be in the server's log alone. */
  async record({ action, caller, address, details }: AuditEntry): Promise<void> {
    const { acceptor, log, now } = this.#options;
    const level = action === 'sign-in refused' ? 'warn' : 'info';
    const entry = { caller: caller ?? null, address, ...details };
    log[level]({ audit: entry }, action);
    const line = JSON.stringify({ level, message: action, ...entry });
    try {
      await acceptor?.accept(batchOf(line, now()));
    } catch (err) {
      if (!(err instanceof PodlogError)) throw err;
      log.error({ err }, 'storing an audit line failed; it is in this log alone');
    }
  }

  /** Counts a failed sign-in: the first of an address is recorded at once, and how many followed it later. */
  refused(address: string, reason: string): void {
    this.#failedLogins.count(address, reason);
  }

  /** Stores what is left. */
  async close(): Promise<void> {
    this.#failedLogins.close();
    await this.#reporting;
  }
}

function batchOf(line: string, nowMs: number): Buffer {
  const builder = new RowGroupBuilder();
  const bytes = Buffer.from(line);
  const at = builder.append(bytes, 0, bytes.length);
  const { day, timeNs } = rowTimeOfMs(nowMs);
  builder.add(builder.stream(LABELS), day, timeNs, 0, at, at + bytes.length);
  return encodeBatch({ node: PUSH_NODE, files: [], gone: [], rowGroup: builder.finish() });
}
