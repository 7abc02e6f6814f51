/**
 * The current rules of the rules file. While the file is broken or missing the last valid rules stay in force: a
 * mistake in an editor must not disable redaction. A server whose rules file is broken or missing does not start.
 */
import type { Logger } from 'pino';
import type { Metrics } from '../../shared/metrics.ts';
import { NO_RULES, type RuleSet } from '../../shared/rules/rule-set.ts';
import { WatchedFile } from '../watched-file.ts';
import { parseRules } from './rules-file.ts';

export interface WatchedRulesOptions {
  /** Undefined: there are no rules. */
  readonly path: string | undefined;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** Owns the rules that are in force. */
export class WatchedRules {
  /** Undefined when there is no rules file. */
  readonly #file: WatchedFile<RuleSet> | undefined;

  private constructor({ path, log, metrics }: WatchedRulesOptions) {
    this.#file = path === undefined ? undefined : watchedFile(path, log);
    metrics
      .gauge(
        'podlog_rules_file_ok',
        '0 while the rules file is broken or missing, and the previous rules stay in force.',
      )
      .readFrom(() => (this.#file?.isWell === false ? 0 : 1));
  }

  /** @throws UsageError  the file is broken or missing */
  static async open(options: WatchedRulesOptions): Promise<WatchedRules> {
    const watched = new WatchedRules(options);
    await watched.#file?.open();
    return watched;
  }

  get rules(): RuleSet {
    return this.#file?.value ?? NO_RULES;
  }

  /** Reads the file now. */
  async reload(): Promise<void> {
    await this.#file?.reload();
  }

  close(): void {
    this.#file?.close();
  }
}

function watchedFile(path: string, log: Logger): WatchedFile<RuleSet> {
  return new WatchedFile<RuleSet>({
    path,
    what: 'the rules file',
    initial: NO_RULES,
    parse: parseRules,
    onUse: (rules) => {
      const counts = Object.fromEntries(Object.entries(rules).map(([kind, list]) => [kind, list.length]));
      log.info({ path, ...counts }, 'rules file loaded');
    },
    onProblem: (message) => log.error(`${message}; keeping the previous rules`),
  });
}
