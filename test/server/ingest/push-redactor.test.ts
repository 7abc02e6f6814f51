import { expect, test } from 'vitest';
import { pushRedactor } from '../../../server/ingest/push-redactor.ts';
import type { RedactRule } from '../../../shared/rules/rule-set.ts';

const RULES: readonly RedactRule[] = [{ name: 'pin', expression: 'pin=[0-9]+', replace: 'x' }];

test('what a task that failed has redacted is not counted as that of the next one', () => {
  const line = Buffer.from('pin=1234');
  const redactIt = (): void => {
    const redactor = pushRedactor(RULES)!;
    redactor.redact(redactor.redactionsOf({}), line, 0, line.length);
  };
  redactIt();
  redactIt();
  const next = pushRedactor(RULES)!;
  expect(next.takeCounts()).toEqual(new Map());
  next.redact(next.redactionsOf({}), line, 0, line.length);
  expect(next.takeCounts()).toEqual(new Map([['pin', 1]]));
});
