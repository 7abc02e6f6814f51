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
import * as v from 'valibot';
import { compileExpression, compileStartPattern } from '../../shared/rules/expression.ts';
import {
  type DropRule,
  type MultilineRule,
  REDACTOR_NAMES,
  type RedactorName,
  NO_RULES,
  type RedactRule,
  type RuleSet,
  type Selector,
} from '../../shared/rules/rule-set.ts';
import { RULES_FILE_BYTES_MAX, RULES_MAX } from '../limits.ts';
import { at, listOf, type Mapping, mapping, texts } from '../yaml/schema.ts';
import { parseYamlFile } from '../yaml/yaml-file.ts';

const NAME_WRONG = 'name must be up to 64 letters, digits and . _ @ / = * , -';
const NAME = v.pipe(v.string(NAME_WRONG), v.regex(/^[\w.@/=*, -]{1,64}$/, NAME_WRONG));

const textOf = (name: string): string => `the value of ${name} must be text, in quotes if it is a number or *`;
const textValue = (name: string) => v.pipe(v.string(textOf(name)), v.nonEmpty(textOf(name)));
const textsOf = (name: string) => texts({ what: `${name} must be a mapping of names to values`, ofName: textOf });

const SELECTOR_WRONG = "a selector must name something, such as { namespace: 'ci-*' }";
const SELECTOR = v.pipe(
  mapping(
    {
      namespace: v.exactOptional(textValue('namespace')),
      pod: v.exactOptional(textValue('pod')),
      container: v.exactOptional(textValue('container')),
      labels: v.exactOptional(textsOf('labels')),
    },
    { what: SELECTOR_WRONG },
  ),
  v.check((selector) => Object.keys(selector).length > 0, SELECTOR_WRONG),
) satisfies v.GenericSchema<unknown, Selector>;

const DROP = v.pipe(
  mapping(
    {
      name: v.exactOptional(NAME),
      selector: v.exactOptional(SELECTOR),
      where: v.exactOptional(textsOf('where')),
      text: v.exactOptional(
        v.pipe(v.string('text must be text: put it in quotes'), v.nonEmpty('text must not be empty')),
      ),
    },
    { what: 'a rule must be a mapping of name, selector, where, text' },
  ),
  v.check(
    (rule) => rule.where !== undefined || rule.text !== undefined,
    'a drop rule must have where, such as { level: debug }, or text; to drop all, exclude',
  ),
  v.transform((rule): DropRule => {
    const conditions = Object.entries(rule.where ?? {}).map(([field, wanted]) => `${field}=${wanted}`);
    const parts = rule.text === undefined ? conditions : [...conditions, rule.text];
    return { ...rule, name: rule.name ?? parts.join(',').slice(0, 64) };
  }),
);

const REDACTORS = `one of ${REDACTOR_NAMES.join(', ')}, or { name, pattern }`;
const NAMED = v.pipe(
  v.string(),
  v.check(isRedactorName, ({ input }) => `${input} is not a redactor; a redact rule is ${REDACTORS}`),
  v.transform((name): RedactRule => ({ name, replace: `[redacted:${name}]` })),
);

const REPLACE_WRONG = 'replace must be up to 64 characters of ASCII without quotes and backslashes';
const PATTERNED = v.pipe(
  mapping(
    {
      name: NAME,
      selector: v.exactOptional(SELECTOR),
      pattern: v.exactOptional(expressionText('pattern')),
      ignoreCase: v.exactOptional(v.boolean('ignoreCase must be true or false')),
      // It is put into JSON strings, where quotes and backslashes would end or change something.
      replace: v.exactOptional(
        v.pipe(v.string(REPLACE_WRONG), v.regex(/^(?:(?!["\\])[\x20-\x7e]){0,64}$/, REPLACE_WRONG)),
      ),
    },
    { what: `a redact rule must be ${REDACTORS}` },
  ),
  v.check(
    ({ name, pattern }) => pattern !== undefined || isRedactorName(name),
    ({ input }) => `${input.name} has no pattern; it must be ${REDACTORS}`,
  ),
  v.check(
    ({ name, pattern }) => pattern === undefined || !isRedactorName(name),
    ({ input }) => `${input.name} is a redactor: choose another name`,
  ),
  compiled('pattern', ({ pattern, ignoreCase = false }) => {
    if (pattern !== undefined) compileExpression(pattern, ignoreCase);
  }),
  v.transform(({ name, selector, pattern, ignoreCase = false, replace }): RedactRule => {
    return {
      ...(selector !== undefined && { selector }),
      name,
      ...(pattern !== undefined && { expression: pattern, ignoreCase }),
      replace: replace ?? `[redacted:${name}]`,
    };
  }),
);
const REDACT = v.lazy((input): v.GenericSchema<unknown, RedactRule> => (typeof input === 'string' ? NAMED : PATTERNED));

const MULTILINE = v.pipe(
  mapping(
    { selector: v.exactOptional(SELECTOR), start: expressionText('start') },
    { what: 'a rule must be a mapping of selector, start' },
  ),
  compiled('start', ({ start }) => void compileStartPattern(start)),
) satisfies v.GenericSchema<unknown, MultilineRule>;

const LISTS = {
  include: list('include', SELECTOR),
  exclude: list('exclude', SELECTOR),
  drop: list('drop', DROP),
  redact: list('redact', REDACT),
  multiline: list('multiline', MULTILINE),
};
const RULES = {
  bytesMax: RULES_FILE_BYTES_MAX,
  schema: v.nullable(mapping(LISTS, { what: `must be a mapping with some of ${Object.keys(LISTS).join(', ')}` })),
};

/** @throws UsageError  one line: the file, the line in it, what is wrong and what is allowed */
export async function parseRules(text: string, file: string): Promise<RuleSet> {
  return (await parseYamlFile(text, file, RULES)) ?? NO_RULES;
}

/** Empty if the key is missing or has no value. */
function list<S extends v.GenericSchema>(key: string, rule: S) {
  const messages = {
    what: `${key} must be a list`,
    tooLong: (length: number) => `${key} has ${length} rules; at most ${RULES_MAX} are allowed`,
  };
  return v.pipe(
    v.nullish(listOf(rule, RULES_MAX, messages), null),
    v.transform((rules) => rules ?? []),
  );
}

function expressionText(key: string) {
  const wrong = `${key} must be a regular expression, in single quotes: '^id-[0-9]+'`;
  return v.pipe(v.string(wrong), v.nonEmpty(wrong));
}

/** Refuses what does not compile, for the reason that this gives, at the rule's key. */
function compiled<T extends Mapping>(key: string & keyof T, compile: (rule: T) => void) {
  return v.rawCheck<T>(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    try {
      compile(dataset.value);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      addIssue({ message: `${key} ${error.message}`, path: [at(dataset.value, key)] });
    }
  });
}

function isRedactorName(name: string): name is RedactorName {
  return REDACTOR_NAMES.includes(name as RedactorName);
}
