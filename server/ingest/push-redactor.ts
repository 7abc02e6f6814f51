/**
 * Redacts lines and metadata that are pushed, as agents do with what they read, so that what a rule names is never written to the
 * server's disk. Runs in a worker thread, between the decoded body and the row group.
 */
import { labelOf, type Labels } from '../../shared/labels.ts';
import { LineRedactor } from '../../shared/redaction/line-redactor.ts';
import type { Redaction } from '../../shared/redaction/redaction.ts';
import { compileRedaction } from '../../shared/redaction/redactions.ts';
import type { RedactRule } from '../../shared/rules/rule-set.ts';
import { type Matcher, selectorMatcher } from '../../shared/rules/selector.ts';

/** Rule → how often it has found something. */
export type RedactionCounts = ReadonlyMap<string, number>;

export const NO_REDACTIONS: readonly Redaction[] = [];

interface Compiled {
  readonly applies: Matcher;
  readonly redaction: Redaction;
}

/** Owns the memory of redacted texts, and the counts of one task. */
export class PushRedactor {
  readonly #rules: readonly Compiled[];
  readonly #redactor = new LineRedactor();
  #counts = new Map<string, number>();

  constructor(rules: readonly RedactRule[]) {
    this.#rules = rules.map((rule) => ({
      applies: selectorMatcher(rule.selector, true),
      redaction: compileRedaction(rule),
    }));
  }

  /** Returns the redactions of a stream: a selector also selects what the labels do not say. */
  redactionsOf(labels: Labels): readonly Redaction[] {
    const place = {
      namespace: labelOf(labels, 'namespace') ?? labelOf(labels, 'k8s_namespace_name'),
      pod: labelOf(labels, 'pod') ?? labelOf(labels, 'k8s_pod_name'),
      container: labelOf(labels, 'container') ?? labelOf(labels, 'k8s_container_name'),
      labels: undefined,
    };
    const applying = this.#rules.filter(({ applies }) => applies(place));
    return applying.length === 0 ? NO_REDACTIONS : applying.map(({ redaction }) => redaction);
  }

  /** Returns bytes[start, end) as it is to be stored, until the next call. It may be longer than it was. */
  redact(redactions: readonly Redaction[], bytes: Buffer, start: number, end: number): Buffer {
    const redactor = this.#redactor;
    redactor.set(bytes, start, end);
    for (const redaction of redactions) {
      const count = redactor.apply(redaction);
      if (count > 0) this.#counts.set(redaction.name, (this.#counts.get(redaction.name) ?? 0) + count);
    }
    return redactor.line;
  }

  /** Returns what was counted since the last call. */
  takeCounts(): RedactionCounts {
    const counts = this.#counts;
    this.#counts = new Map();
    return counts;
  }
}

/** The last rules of this thread, which seldom change. */
let last: { readonly text: string; readonly redactor: PushRedactor } | undefined;

/** Returns the redactor of a task that begins; undefined where there are no rules. */
export function pushRedactor(rules: readonly RedactRule[]): PushRedactor | undefined {
  if (rules.length === 0) return undefined;
  const text = JSON.stringify(rules);
  if (last?.text !== text) last = { text, redactor: new PushRedactor(rules) };
  // Nothing is counted of a task that failed.
  else last.redactor.takeCounts();
  return last.redactor;
}
