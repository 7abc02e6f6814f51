import { expect, test } from 'vitest';
import { parseRules } from '../../../server/rules/rules-file.ts';
import { NO_RULES } from '../../../shared/rules/rule-set.ts';

const FILE = 'rules.yaml';

test.each([
  ['', NO_RULES],
  ['{}', NO_RULES],
  ['exclude:\n', NO_RULES],
  [
    "include: [{ namespace: shop }]\nexclude:\n  - { pod: 'ci-*', labels: { app: x } }\n",
    { ...NO_RULES, include: [{ namespace: 'shop' }], exclude: [{ pod: 'ci-*', labels: { app: 'x' } }] },
  ],
  [
    'drop:\n  - { selector: { container: c }, where: { level: debug, path: /a/* } }\n  - { name: probes, text: kube-probe }\n',
    {
      ...NO_RULES,
      drop: [
        { name: 'level=debug,path=/a/*', selector: { container: 'c' }, where: { level: 'debug', path: '/a/*' } },
        { name: 'probes', text: 'kube-probe' },
      ],
    },
  ],
  [
    "redact:\n  - email\n  - { name: ipv4, selector: { namespace: a } }\n  - { name: id, pattern: 'id-[0-9]+', replace: 'id-?' }\n",
    {
      ...NO_RULES,
      redact: [
        { name: 'email', replace: '[redacted:email]' },
        { name: 'ipv4', selector: { namespace: 'a' }, replace: '[redacted:ipv4]' },
        { name: 'id', expression: 'id-[0-9]+', ignoreCase: false, replace: 'id-?' },
      ],
    },
  ],
  [
    "multiline:\n  - { selector: { container: db }, start: '^[0-9]{4}-' }\n  - start: '^(é|$)'\n",
    { ...NO_RULES, multiline: [{ selector: { container: 'db' }, start: '^[0-9]{4}-' }, { start: '^(é|$)' }] },
  ],
])('%s', async (text, want) => {
  expect(await parseRules(text, FILE)).toEqual(want);
});

test.each([
  ['- a', 'must be a mapping with some of include, exclude, drop, redact, multiline'],
  ['exclude: [', 'line 1: '],
  ['a: *b', 'rules.yaml: '],
  ['\nexcludes: []', 'line 2: excludes is not known here; there are include, exclude, drop, redact, multiline'],
  ['exclude: all', 'line 1: exclude must be a list'],
  ['exclude:\n  - {}', 'line 2: a selector must name something'],
  ['exclude:\n  - pod: a\n  - pods: a', 'line 3: pods is not known here; there are namespace, pod, container, labels'],
  ['exclude:\n  - pod: 1', 'line 2: the value of pod must be text'],
  ['drop:\n  - selector: { pod: a }', 'line 2: a drop rule must have where'],
  ['drop:\n  - where: { status: 200 }', 'line 2: the value of status must be text, in quotes if it is a number'],
  ['drop:\n  - where: {}\n    when: 1', 'line 3: when is not known here'],
  ['redact:\n  - e-mail', 'line 2: e-mail is not a redactor; a redact rule is one of email, bearer-token'],
  ['redact:\n  - name: a', 'line 2: a has no pattern'],
  ['redact:\n  - { name: email, pattern: a }', 'line 2: email is a redactor: choose another name'],
  ['redact:\n  - name: a\n    pattern: "(a"', 'line 3: pattern is not a valid regular expression: missing closing )'],
  [
    'redact:\n  - name: a\n    pattern: "(?=a)b"',
    'line 3: pattern is not a valid regular expression: invalid or unsupported Perl syntax: "(?=" at character 1',
  ],
  [
    'redact:\n  - { name: a, pattern: "(a)\\\\1" }',
    'line 2: pattern is not a valid regular expression: invalid escape sequence: "\\1" at character 4',
  ],
  ['redact:\n  - { name: a, pattern: "a*" }', 'line 2: pattern matches nothing at all'],
  ['redact:\n  - { name: a, pattern: "ä" }', 'line 2: pattern must be printable ASCII'],
  [`redact:\n  - { name: a, pattern: "${'a'.repeat(257)}" }`, 'line 2: pattern is longer than 256 characters'],
  [`redact:\n  - { name: a, pattern: a, replace: '"' }`, 'line 2: replace must be up to 64 characters'],
  ['multiline:\n  - selector: { pod: a }', 'line 2: start must be a regular expression, in single quotes'],
  ['multiline:\n  - start: "["', 'line 2: start is not a valid regular expression: missing closing ]'],
  [
    'multiline:\n  - start: "(?=a)b"',
    'line 2: start is not a valid regular expression: invalid or unsupported Perl syntax',
  ],
  [`multiline:\n  - start: "${'a'.repeat(257)}"`, 'line 2: start is longer than 256 characters'],
  ['exclude:\n  - pod:\n      - a', 'line 2: the value of pod must be text'],
  ['exclude:\n  - labels:\n      app: 7', 'line 3: the value of app must be text'],
  ['exclude: {}', 'line 1: exclude must be a list'],
  ['redact:\n  - 7', 'line 2: a redact rule must be one of email'],
  ['redact:\n  - email\n  - name: a\n    pattern: a\n    ignoreCase: 1', 'line 5: ignoreCase must be true or false'],
  ['drop:\n  - text: a\n    name: "?"', 'line 3: name must be up to 64 letters'],
  ['drop:\n  - text: 7', 'line 2: text must be text: put it in quotes'],
  ['include: &a\n  - pod: a\nexclude: *a\nmultiline: *a', 'line 2: pod is not known here; there are selector, start'],
  ['multiline:\n  - { start: a, stop: b }', 'line 2: stop is not known here; there are selector, start'],
  [`exclude: [${'{ pod: a }, '.repeat(101)}]`, 'line 1: exclude has 101 rules; at most 100 are allowed'],
])('%s is refused', async (text, message) => {
  await expect(parseRules(text, FILE)).rejects.toThrow(message);
});
