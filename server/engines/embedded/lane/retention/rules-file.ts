/**
 * The file of retention rules, YAML:
 *
 *     - selector: { namespace: payments, app: 'api-*' }
 *       age: 90d
 *     - selector: { namespace: 'kube-*' }
 *       age: 3d
 */
import { readFile } from 'node:fs/promises';
import * as v from 'valibot';
import { parseDurationMs } from '../../../../../shared/duration.ts';
import { UsageError } from '../../../../../shared/errors.ts';
import { reasonOf } from '../../../../../shared/system-error.ts';
import { MS_PER_DAY } from '../../../../../shared/time.ts';
import { RETENTION_RULES_MAX, RULE_AGE_MS_MAX, RULE_AGE_MS_MIN, RULES_FILE_BYTES_MAX } from '../../../../limits.ts';
import { listOf, mapping, texts } from '../../../../yaml/schema.ts';
import { parseYamlFile } from '../../../../yaml/yaml-file.ts';
import type { RetentionRule } from './rules.ts';

const SELECTOR_WRONG = "selector must have a label at least, such as { namespace: 'kube-*' }";
const AGE_WRONG = `age must be from 1h to ${RULE_AGE_MS_MAX / MS_PER_DAY}d, such as 12h, 30d or 8w; or forever`;

const SELECTOR = v.pipe(
  texts({
    what: SELECTOR_WRONG,
    ofName: (name) => `the value of ${name} must be text (in quotes if it is a number), with * for any`,
  }),
  v.transform((labels) => new Map(Object.entries(labels))),
  v.minSize(1, SELECTOR_WRONG),
);

const AGE = v.pipe(
  v.string(AGE_WRONG),
  v.transform((age) => (age === 'forever' ? Infinity : parseDurationMs(age))),
  v.number(AGE_WRONG),
  v.check((ms) => ms === Infinity || (ms >= RULE_AGE_MS_MIN && ms <= RULE_AGE_MS_MAX), AGE_WRONG),
);

const RULE = v.pipe(
  mapping({ selector: SELECTOR, age: AGE }, { what: 'must have a selector and an age' }),
  v.transform(({ selector, age }): RetentionRule => ({ selector, ageMs: age })),
);

const RULES = {
  bytesMax: RULES_FILE_BYTES_MAX,
  nameEntry: (index: number) => `rule ${index + 1}`,
  schema: v.nullable(
    listOf(RULE, RETENTION_RULES_MAX, {
      what: 'must be a list of rules, each with selector and age',
      tooLong: (length) => `${length} rules; at most ${RETENTION_RULES_MAX} are allowed`,
    }),
  ),
};

/** @throws UsageError  one line: the file, the line in it, the rule, what is wrong and what is allowed */
export async function loadRetentionRules(path: string): Promise<RetentionRule[]> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new UsageError(`the retention rules ${path} cannot be read: ${reasonOf(cause)}`, 1, { cause });
  }
  return parseRetentionRules(text, path);
}

/** @throws UsageError */
export async function parseRetentionRules(text: string, path: string): Promise<RetentionRule[]> {
  return (await parseYamlFile(text, path, RULES)) ?? [];
}
