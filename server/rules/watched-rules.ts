/**
 * The rules of the rules file, as they are now. A file that is broken or gone leaves them as they were: a slip of an
 * editor must not let out what is to be redacted. A server does not start without the rules that it is told to have.
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

/** Owns the rules that are in force now. */
export class WatchedRules {
  /** Undefined when there is none. */
  readonly #file: WatchedFile<RuleSet> | undefined;

  private constructor({ path, log, metrics }: WatchedRulesOptions) {
    this.#file = path === undefined ? undefined : watchedFile(path, log);
    metrics
      .gauge('podlog_rules_file_ok', '0 when the rules file is broken or gone, and the rules before it count.')
      .readFrom(() => (this.#file?.isWell === false ? 0 : 1));
  }

  /** @throws UsageError  the file is broken or missing */
  static async open(options: WatchedRulesOptions): Promise<WatchedRules> {
    const watched = new WatchedRules(options);
    try {
      await watched.#file?.load();
    } catch (error) {
      watched.close();
      throw error;
    }
    return watched;
  }

  get rules(): RuleSet {
    return this.#file?.value ?? NO_RULES;
  }

  /** Looks at the file now. */
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
      log.info({ path, ...counts }, 'the rules file is in use');
    },
    onProblem: (message) => log.error(`${message}; the rules stay as they were`),
  });
}
