/** What is redacted of pushes, as the rules file says now, and how often it was. The workers do it: push-redactor.ts. */
import type { Metrics } from '../../shared/metrics.ts';
import type { RedactRule } from '../../shared/rules/rule-set.ts';
import type { RedactionCounts } from './push-redactor.ts';

export interface PushRedaction {
  readonly rules: () => readonly RedactRule[];
  readonly count: (counts: RedactionCounts) => void;
}

export function pushRedaction(rules: () => readonly RedactRule[], metrics: Metrics): PushRedaction {
  const counter = metrics.counter(
    'podlog_push_redactions_total',
    'Texts that were redacted in pushed lines and their metadata, by rule.',
  );
  return {
    rules,
    count: (counts) => {
      for (const [rule, count] of counts) counter.add(count, { rule });
    },
  };
}
