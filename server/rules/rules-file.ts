/**
 * The rules file, YAML:
 *
 *     exclude:
 *       - { namespace: 'ci-*' }
 *     drop:
 *       - { selector: { namespace: shop }, where: { level: debug } }
 *       - { name: probes, where: { path: '/api/health/*' } }
 *     redact:
 *       - email
 *       - { name: customer, pattern: 'cust-[0-9]+' }
 *     multiline:
 *       - { selector: { container: postgres }, start: '^[0-9]{4}-' }
 *
 * What it says of lines is for agents to do, see agent/rules/.
 */
import { compileExpression, compileStartPattern } from '../../shared/rules/expression.ts';
import {
  type DropRule,
  type MultilineRule,
  NAMED_PATTERNS,
  type NamedPattern,
  type RedactRule,
  type RuleSet,
  type Selector,
} from '../../shared/rules/rule-set.ts';
import { RULES_FILE_BYTES_MAX, RULES_MAX } from '../limits.ts';
import { parseYamlFile, type YamlFail, type YamlPath } from '../yaml-file.ts';

type Mapping = Readonly<Record<string, unknown>>;

const LISTS = ['include', 'exclude', 'drop', 'redact', 'multiline'] as const;
const NAME = /^[\w.@/=*, -]{1,64}$/;

/** @throws UsageError  one line: the file, the line in it, what is wrong and what is allowed */
export async function parseRules(text: string, file: string): Promise<RuleSet> {
  const { value, fail } = await parseYamlFile(text, file, { bytesMax: RULES_FILE_BYTES_MAX });
  return ruleSet(value, fail);
}

function ruleSet(parsed: unknown, fail: YamlFail): RuleSet {
  const lists = parsed ?? {};
  if (!isMapping(lists)) throw fail([], `must be a mapping with some of ${LISTS.join(', ')}`);
  checkKeys(lists, LISTS, [], fail);
  return {
    include: listAt(lists, 'include', fail).map((each, i) => selectorAt(each, ['include', i], fail)),
    exclude: listAt(lists, 'exclude', fail).map((each, i) => selectorAt(each, ['exclude', i], fail)),
    drop: listAt(lists, 'drop', fail).map((each, i) => dropAt(each, ['drop', i], fail)),
    redact: listAt(lists, 'redact', fail).map((each, i) => redactAt(each, ['redact', i], fail)),
    multiline: listAt(lists, 'multiline', fail).map((each, i) => multilineAt(each, ['multiline', i], fail)),
  };
}

function listAt(lists: Mapping, key: string, fail: YamlFail): readonly unknown[] {
  const list = lists[key] ?? [];
  if (!Array.isArray(list)) throw fail([key], `${key} must be a list`);
  if (list.length > RULES_MAX) throw fail([key], `${key} has ${list.length} rules; at most ${RULES_MAX} are allowed`);
  return list as readonly unknown[];
}

function selectorAt(value: unknown, path: YamlPath, fail: YamlFail): Selector {
  if (!isMapping(value) || Object.keys(value).length === 0) {
    throw fail(path, "a selector must name something, such as { namespace: 'ci-*' }");
  }
  checkKeys(value, ['namespace', 'pod', 'container', 'labels'], path, fail);
  const { labels, ...names } = value;
  return {
    ...textsAt(names, path, fail),
    ...(labels !== undefined && { labels: textsAt(labels, [...path, 'labels'], fail) }),
  };
}

function dropAt(value: unknown, path: YamlPath, fail: YamlFail): DropRule {
  const rule = ruleAt(value, ['name', 'selector', 'where', 'text'], path, fail);
  const { where, text } = rule;
  if (where === undefined && text === undefined) {
    throw fail(path, 'a drop rule must have where, such as { level: debug }, or text; to drop all, exclude');
  }
  const fields = where === undefined ? undefined : textsAt(where, [...path, 'where'], fail);
  if (text !== undefined && !isText(text)) throw fail([...path, 'text'], 'text must be text: put it in quotes');
  const conditions = Object.entries(fields ?? {}).map(([field, wanted]) => `${field}=${wanted}`);
  const parts = text === undefined ? conditions : [...conditions, text];
  return {
    ...selectionAt(rule, path, fail),
    name: rule['name'] === undefined ? parts.join(',').slice(0, 64) : nameAt(rule, path, fail),
    ...(fields !== undefined && { where: fields }),
    ...(text !== undefined && { text }),
  };
}

function redactAt(value: unknown, path: YamlPath, fail: YamlFail): RedactRule {
  const known = `one of ${NAMED_PATTERNS.join(', ')}, or { name, pattern }`;
  if (typeof value === 'string') {
    if (!isNamedPattern(value)) throw fail(path, `${value} is no named pattern; a redact rule is ${known}`);
    return { name: value, replace: `[redacted:${value}]` };
  }
  const rule = ruleAt(value, ['name', 'selector', 'pattern', 'ignoreCase', 'replace'], path, fail);
  const { pattern, ignoreCase = false, replace } = rule;
  const name = nameAt(rule, path, fail);
  if (pattern === undefined && !isNamedPattern(name)) throw fail(path, `${name} has no pattern; it must be ${known}`);
  if (pattern !== undefined && isNamedPattern(name))
    throw fail(path, `${name} is a named pattern: choose another name`);
  if (typeof ignoreCase !== 'boolean') throw fail([...path, 'ignoreCase'], 'ignoreCase must be true or false');
  return {
    ...selectionAt(rule, path, fail),
    name,
    ...(pattern !== undefined && {
      expression: expressionAt(rule, 'pattern', (text) => compileExpression(text, ignoreCase), path, fail),
      ignoreCase,
    }),
    replace: replace === undefined ? `[redacted:${name}]` : replacementAt(replace, path, fail),
  };
}

function multilineAt(value: unknown, path: YamlPath, fail: YamlFail): MultilineRule {
  const rule = ruleAt(value, ['selector', 'start'], path, fail);
  return { ...selectionAt(rule, path, fail), start: expressionAt(rule, 'start', compileStartPattern, path, fail) };
}

function expressionAt(
  rule: Mapping,
  key: string,
  compile: (text: string) => unknown,
  path: YamlPath,
  fail: YamlFail,
): string {
  const text = rule[key];
  if (!isText(text)) throw fail([...path, key], `${key} must be a regular expression, in single quotes: '^id-[0-9]+'`);
  try {
    compile(text);
  } catch (error) {
    throw fail([...path, key], `${key} ${error instanceof Error ? error.message : String(error)}`);
  }
  return text;
}

/** It stands in JSON strings, where quotes and backslashes would end or change something. */
function replacementAt(replace: unknown, path: YamlPath, fail: YamlFail): string {
  if (typeof replace === 'string' && /^[\x20-\x7e]{0,64}$/.test(replace) && !/["\\]/.test(replace)) return replace;
  throw fail([...path, 'replace'], 'replace must be up to 64 characters of ASCII without quotes and backslashes');
}

function ruleAt(value: unknown, keys: readonly string[], path: YamlPath, fail: YamlFail): Mapping {
  if (!isMapping(value)) throw fail(path, `a rule must be a mapping of ${keys.join(', ')}`);
  checkKeys(value, keys, path, fail);
  return value;
}

function selectionAt({ selector }: Mapping, path: YamlPath, fail: YamlFail): { selector?: Selector } {
  return selector === undefined ? {} : { selector: selectorAt(selector, [...path, 'selector'], fail) };
}

function nameAt({ name }: Mapping, path: YamlPath, fail: YamlFail): string {
  if (typeof name === 'string' && NAME.test(name)) return name;
  throw fail([...path, 'name'], 'name must be up to 64 letters, digits and . _ @ / = * , -');
}

function textsAt(value: unknown, path: YamlPath, fail: YamlFail): Record<string, string> {
  if (!isMapping(value)) throw fail(path, `${path.at(-1)} must be a mapping of names to values`);
  for (const [key, text] of Object.entries(value)) {
    if (!isText(text)) throw fail([...path, key], `the value of ${key} must be text, in quotes if it is a number or *`);
  }
  return value as Record<string, string>;
}

function checkKeys(value: Mapping, known: readonly string[], path: YamlPath, fail: YamlFail): void {
  const wrong = Object.keys(value).find((key) => !known.includes(key));
  if (wrong !== undefined) throw fail([...path, wrong], `${wrong} is not known here; there are ${known.join(', ')}`);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isNamedPattern(name: string): name is NamedPattern {
  return NAMED_PATTERNS.includes(name as NamedPattern);
}
