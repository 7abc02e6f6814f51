/** `| line_format`, `| label_format`, `| decolorize`, `| drop` and `| keep`. */
import { instantOf } from '../../../../shared/time.ts';
import type { LabelFormat, NamedLabel } from '../syntax/ast.ts';
import { compileTemplate, type Template } from '../template/compile.ts';
import { TemplateError } from '../template/errors.ts';
import type { TemplateScope } from '../template/function.ts';
import { matcherTest } from './label-filter.ts';
import { ERROR, ERROR_DETAILS, PRESERVE_ERROR } from './line-labels.ts';
import type { Entry, Run } from './stage.ts';

const TEMPLATE_ERROR = 'TemplateFormatErr';

/** @throws SyntaxError */
function templateOf(text: string, name: 'line' | 'label', what: string): Template {
  try {
    return compileTemplate(text, name);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    throw new SyntaxError(`${what}: ${error.message}`, { cause: error });
  }
}

/** @throws SyntaxError */
export function lineFormatStage(text: string, nowMs: number): Run {
  const template = templateOf(text, 'line', 'invalid line template');
  return (entry) => {
    const line = written(template, entry, nowMs);
    if (line !== undefined) entry.line = line;
    return true;
  };
}

/** Returns undefined where it fails, and marks the line. */
function written(template: Template, { line, day, timeNs, labels }: Entry, nowMs: number): string | undefined {
  const scope: TemplateScope = {
    line,
    timestamp: () => instantOf(day, timeNs),
    nowMs,
    label: (name) => labels.get(name),
    labels: () => labels.values(),
  };
  try {
    return template.run(scope);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    labels.fail(TEMPLATE_ERROR, error.message);
    return undefined;
  }
}

/** A label that is named without a template is renamed; one that gets its own name is lost, as in Loki. @throws SyntaxError */
export function labelFormatStage(formats: readonly LabelFormat[], nowMs: number): Run {
  const names = formats.map(({ name }) => name);
  const special = names.find((name) => name === ERROR || name === ERROR_DETAILS);
  if (special !== undefined) throw new SyntaxError(`${special} cannot be formatted`);
  const repeated = names.find((name, i) => names.indexOf(name) < i);
  if (repeated !== undefined) {
    throw new SyntaxError(`multiple label name '${repeated}' not allowed in a single format operation`);
  }
  const runs = formats.map(({ name, value, isTemplate }): ((entry: Entry) => void) => {
    if (!isTemplate) return ({ labels }) => rename(labels, value, name);
    const template = templateOf(value, 'label', `invalid template for label '${name}'`);
    return (entry) => {
      const text = written(template, entry, nowMs);
      if (text !== undefined) entry.labels.set(name, text);
    };
  });
  return (entry) => {
    for (const run of runs) run(entry);
    return true;
  };
}

function rename(labels: Entry['labels'], from: string, to: string): void {
  const label = labels.labelOf(from);
  if (label === undefined) return;
  // What is renamed is not a label of the stream or of its metadata any more.
  labels.set(to, label.value);
  labels.drop(from);
}

/** Sequences of terminals, such as colours. What begins one is bounded, as its parameters may begin with the same characters. */
const ANSI =
  // eslint-disable-next-line no-control-regex
  /[\u001B\u009B][[\]()#;?]{0,16}(?:(?:(?:[a-zA-Z\d]*(?:;[a-zA-Z\d]*)*)?\u0007)|(?:(?:\d{1,4}(?:;\d{0,4})*)?[\dA-PRZcf-ntqry=><~]))/g;

export function decolorizeStage(): Run {
  return (entry) => {
    entry.line = entry.line.replaceAll(ANSI, '');
    return true;
  };
}

const SPECIAL: ReadonlySet<string> = new Set([ERROR, ERROR_DETAILS, PRESERVE_ERROR]);

export function dropStage(named: readonly NamedLabel[]): Run {
  const tests = named.map(({ name, matcher }) => ({ name, test: matcher && matcherTest(matcher) }));
  return ({ labels }) => {
    for (const { name, test } of tests) {
      const value = labels.get(name);
      if (value !== undefined && (test === undefined || test(value))) labels.drop(name);
    }
    return true;
  };
}

export function keepStage(named: readonly NamedLabel[]): Run {
  const tests = named.map(({ name, matcher }) => ({ name, test: matcher && matcherTest(matcher) }));
  return ({ labels }) => {
    for (const [name, { value }] of labels.sorted()) {
      if (SPECIAL.has(name)) continue;
      const isKept = tests.some((each) => each.name === name && (each.test === undefined || each.test(value)));
      if (!isKept) labels.drop(name);
    }
    return true;
  };
}
