/**
 * Retention rules: how long lines of some streams are kept. A YAML file:
 *
 *     - selector: { namespace: payments, app: 'api-*' }
 *       age: 90d
 *     - selector: { namespace: 'kube-*' }
 *       age: 3d
 *
 * A selector matches a stream when each of its labels has the given value; `*` stands for any characters. The first rule
 * that matches counts, so the order is the reader's to see, and nobody has to work out which rule is more specific. A
 * stream that no rule matches is kept as --retention says.
 */
import { readFile } from 'node:fs/promises';
import { parseDurationMs } from '../../../../../shared/duration.ts';
import { UsageError } from '../../../../../shared/errors.ts';
import { labelOf, type Labels } from '../../../../../shared/labels.ts';
import { reasonOf } from '../../../../../shared/system-error.ts';
import { RETENTION_RULES_MAX, RULE_AGE_MS_MAX, RULE_AGE_MS_MIN, RULES_FILE_BYTES_MAX } from '../../../../limits.ts';
import { parseYamlFile } from '../../../../yaml-file.ts';
import { testsOf } from '../../scan/name.ts';
import { matchesAny } from '../../scan/pattern.ts';
import { parsePattern } from '../../../../store/value-test.ts';

export interface RetentionRule {
  /** Label → value, in which `*` stands for any characters. */
  readonly selector: ReadonlyMap<string, string>;
  /** Infinity keeps the lines. */
  readonly ageMs: number;
}

/** @throws UsageError  one line: the file, the rule, what is wrong and what is allowed */
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
  const { value: parsed, fail } = await parseYamlFile(text, path, { bytesMax: RULES_FILE_BYTES_MAX });
  if (parsed === null) return [];
  if (!Array.isArray(parsed)) throw new UsageError(`${path}: must be a list of rules, each with selector and age`);
  if (parsed.length > RETENTION_RULES_MAX) {
    throw new UsageError(`${path}: ${parsed.length} rules; at most ${RETENTION_RULES_MAX} are allowed`);
  }
  return parsed.map((rule: unknown, index) => parseRule(rule, fail([index], `rule ${index + 1}`).message));
}

/** How long lines of a stream are kept, by the first rule that matches. Looked up once for each label set. */
export function ageByRules(rules: readonly RetentionRule[], otherwiseMs: number): (labels: Labels) => number {
  const patterns = rules.map(({ selector, ageMs }) => ({
    ageMs,
    labels: [...selector].map(([name, value]) => ({
      name,
      patterns: testsOf(name, [parsePattern(withoutEscapes(value))]),
    })),
  }));
  const known = new WeakMap<Labels, number>();
  return (labels) => {
    let ageMs = known.get(labels);
    if (ageMs === undefined) {
      const rule = patterns.find((each) =>
        each.labels.every(({ name, patterns: wanted }) => matchesAny(wanted, Buffer.from(labelOf(labels, name) ?? ''))),
      );
      known.set(labels, (ageMs = rule?.ageMs ?? otherwiseMs));
    }
    return ageMs;
  };
}

function parseRule(rule: unknown, where: string): RetentionRule {
  if (!isMapping(rule)) throw new UsageError(`${where} must have a selector and an age`);
  for (const key of Object.keys(rule)) {
    if (key !== 'selector' && key !== 'age')
      throw new UsageError(`${where} has ${key}; only selector and age are known`);
  }
  return { selector: parseSelector(rule['selector'], where), ageMs: parseAge(rule['age'], where) };
}

function parseSelector(selector: unknown, where: string): Map<string, string> {
  if (!isMapping(selector) || Object.keys(selector).length === 0) {
    throw new UsageError(`${where}: selector must have a label at least, such as { namespace: 'kube-*' }`);
  }
  return new Map(
    Object.entries(selector).map(([name, value]) => {
      if (typeof value === 'string' && value !== '') return [name, value];
      throw new UsageError(`${where}: the value of ${name} must be text (in quotes if it is a number), with * for any`);
    }),
  );
}

function parseAge(age: unknown, where: string): number {
  if (age === 'forever') return Infinity;
  const ageMs = typeof age === 'string' ? parseDurationMs(age) : undefined;
  if (ageMs === undefined || ageMs < RULE_AGE_MS_MIN || ageMs > RULE_AGE_MS_MAX) {
    const days = RULE_AGE_MS_MAX / 86_400_000;
    throw new UsageError(`${where}: age must be from 1h to ${days}d, such as 12h, 30d or 8w; or forever`);
  }
  return ageMs;
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Rules know no escapes, queries do: in a rule a backslash is itself, and every `*` stands for any characters. */
function withoutEscapes(value: string): string {
  return value.replaceAll('\\', String.raw`\\`);
}
