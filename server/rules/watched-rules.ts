/**
 * Keeps up with the rules file: its content is looked at every few seconds, whatever became of the file (Kubernetes swaps
 * a symbolic link for a ConfigMap). One that is broken or gone leaves the rules as they were, and says so: a slip of an
 * editor must not let out what is to be redacted. A server does not start without the rules that it is told to have.
 */
import { readFile } from 'node:fs/promises';
import type { Logger } from 'pino';
import { UsageError } from '../../shared/errors.ts';
import type { Metrics } from '../../shared/metrics.ts';
import { NO_RULES, type RuleSet } from '../../shared/rules/rule-set.ts';
import { RULES_FILE_MS } from '../limits.ts';
import { parseRules } from './rules-file.ts';

export interface WatchedRulesOptions {
  /** Undefined: there are no rules. */
  readonly path: string | undefined;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** Owns the rules that are in force now. */
export class WatchedRules {
  readonly #path: string;
  readonly #log: Logger;
  #rules: RuleSet = NO_RULES;
  /** That they are of. */
  #text: string | undefined;
  #problem: string | undefined;
  #timer: NodeJS.Timeout | undefined;

  private constructor(path: string, { log, metrics }: WatchedRulesOptions) {
    this.#path = path;
    this.#log = log;
    metrics
      .gauge('podlog_rules_file_ok', '0 when the rules file is broken or gone, and the rules before it count.')
      .readFrom(() => (this.#problem === undefined ? 1 : 0));
  }

  /** @throws UsageError  the file is broken or missing */
  static async open(options: WatchedRulesOptions): Promise<WatchedRules> {
    const { path } = options;
    const watched = new WatchedRules(path ?? '', options);
    if (path === undefined) return watched;
    await watched.#load();
    watched.#timer = setInterval(() => void watched.reload(), RULES_FILE_MS).unref();
    return watched;
  }

  get rules(): RuleSet {
    return this.#rules;
  }

  /** Looks at the file now. */
  async reload(): Promise<void> {
    try {
      await this.#load();
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      if (error.message !== this.#problem) this.#log.error(`${error.message}; the rules stay as they were`);
      this.#problem = error.message;
    }
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #load(): Promise<void> {
    const text = await read(this.#path);
    if (text === this.#text && this.#problem === undefined) return;
    this.#rules = await parseRules(text, this.#path);
    this.#text = text;
    this.#problem = undefined;
    const { include, exclude, drop, redact } = this.#rules;
    const counts = { include: include.length, exclude: exclude.length, drop: drop.length, redact: redact.length };
    this.#log.info({ path: this.#path, ...counts }, 'the rules file is in use');
  }
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError(`the rules file cannot be read: ${reason}`, 1, { cause });
  }
}
