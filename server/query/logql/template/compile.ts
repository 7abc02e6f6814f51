/** Runs templates: each is compiled to closures once, and called for each line. */
import { quoted } from '../../../../shared/go-quote.ts';
import { LINE_BYTES_MAX, TEMPLATE_DEPTH_MAX, TEMPLATE_STEPS_MAX } from '../../../limits.ts';
import { PlacedError, TemplateError } from './errors.ts';
import { type Frame, inPlace, LABELS, type Run, type Uses } from './frame.ts';
import type { TemplateScope } from './function.ts';
import { FUNCTIONS } from './functions.ts';
import { parseTemplate } from './parser.ts';
import { pipeOf } from './pipes.ts';
import { lastPlace, type Nodes, type ParsedTemplate, type TemplateNode } from './tree.ts';
import { isTrue, printed, type Value } from './values.ts';

export interface Template {
  /** @throws TemplateError */
  readonly run: (scope: TemplateScope) => string;
  /** The labels that it names; undefined where it may need all. */
  readonly labels: ReadonlySet<string> | undefined;
  /** Whether it uses the line. */
  readonly usesLine: boolean;
}

/**
 * @param name  of the template in errors: `line`, `label`
 * @throws TemplateError
 */
export function compileTemplate(text: string, name = 'line'): Template {
  const { definitions } = parsedTemplate(text, name);
  const runs = new Map<string, Run>();
  const uses: Uses = { labels: new Set(), isAll: false, usesLine: false, runs };
  for (const [each, nodes] of definitions) runs.set(each, runAll(nodes, uses, true));
  const run = runs.get(name);
  return {
    run: (scope) => {
      const frame: Frame = { scope, text: '', variables: [], root: LABELS, jump: undefined, depth: 0, steps: 0 };
      try {
        run?.(frame, LABELS);
      } catch (error) {
        throw error instanceof PlacedError ? located(error, text, name) : error;
      }
      return frame.text;
    },
    labels: uses.isAll ? undefined : uses.labels,
    usesLine: uses.usesLine,
  };
}

/** Functions that are no values: they see how they are called. */
const SPECIAL: ReadonlySet<string> = new Set(['and', 'or', 'call']);

function parsedTemplate(text: string, name: string): ParsedTemplate {
  try {
    return parseTemplate(text, name, (word) => FUNCTIONS.has(word) || SPECIAL.has(word));
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    throw new TemplateError(`template: ${name}:${error.message}`, { cause: error });
  }
}

/** Says where a template failed, as Go does: by line and byte. */
function located(error: PlacedError, text: string, name: string): TemplateError {
  const before = text.slice(0, error.at);
  const lineStart = before.lastIndexOf('\n') + 1;
  const place = `${before.split('\n').length}:${Buffer.byteLength(before.slice(lineStart))}`;
  const executing = quoted(error.executing ?? name);
  return new TemplateError(
    `template: ${name}:${place}: executing ${executing} at <${error.context}>: ${error.message}`,
    {
      cause: error,
    },
  );
}

/** @param isTop  whether the dot is surely the labels */
function runAll(nodes: Nodes, uses: Uses, isTop: boolean): Run {
  const runs = nodes.map((node) => runOf(node, uses, isTop));
  return (frame, dot) => {
    for (const run of runs) {
      run(frame, dot);
      if (frame.jump !== undefined) return;
    }
  };
}

function runOf(node: TemplateNode, uses: Uses, isTop: boolean): Run {
  switch (node.kind) {
    case 'text':
      return (frame) => append(frame, node.text);
    case 'break':
    case 'continue':
      return (frame) => void (frame.jump = node.kind);
    case 'print': {
      const pipe = pipeOf(node.pipe, uses, isTop);
      const isSilent = node.pipe.variables.length > 0;
      return (frame, dot) => {
        const value = pipe(frame, dot);
        if (!isSilent) append(frame, printed(value));
      };
    }
    case 'if':
    case 'with': {
      const pipe = pipeOf(node.pipe, uses, isTop);
      const isWith = node.kind === 'with';
      const body = runAll(node.body, uses, isTop && !isWith);
      const otherwise = runAll(node.otherwise, uses, isTop);
      return (frame, dot) => {
        const known = frame.variables.length;
        const value = pipe(frame, dot);
        if (isTrue(value)) body(frame, isWith ? value : dot);
        else otherwise(frame, dot);
        frame.variables.length = known;
      };
    }
    case 'range':
      return rangeOf(node, uses, isTop);
    case 'template':
      return executionOf(node, uses, isTop);
  }
}

/** Executes a template that may be defined after its use, or be this one. */
function executionOf(node: Extract<TemplateNode, { kind: 'template' }>, uses: Uses, isTop: boolean): Run {
  const { name } = node;
  const pipe = node.pipe === undefined ? undefined : pipeOf(node.pipe, uses, isTop);
  return (frame, dot) => {
    const run = uses.runs.get(name);
    if (run === undefined) throw new PlacedError(`template ${quoted(name)} not defined`, node);
    if (frame.depth === TEMPLATE_DEPTH_MAX) {
      throw new PlacedError(`exceeded maximum template depth (${TEMPLATE_DEPTH_MAX})`, node);
    }
    step(frame);
    const value = pipe?.(frame, dot) ?? null;
    const { variables, root } = frame;
    frame.variables = [];
    frame.root = value;
    frame.depth++;
    try {
      run(frame, value);
    } catch (error) {
      if (error instanceof PlacedError) error.executing ??= name;
      throw error;
    }
    frame.depth--;
    frame.root = root;
    frame.variables = variables;
  };
}

/** Counts what could go on for ever. */
function step(frame: Frame): void {
  if (++frame.steps > TEMPLATE_STEPS_MAX) throw new TemplateError(`more than ${TEMPLATE_STEPS_MAX} steps of loops`);
}

function rangeOf(node: Extract<TemplateNode, { kind: 'range' }>, uses: Uses, isTop: boolean): Run {
  const pipe = pipeOf({ ...node.pipe, variables: [] }, uses, isTop);
  const each = runAll(node.each, uses, false);
  const otherwise = runAll(node.otherwise, uses, isTop);
  const { variables } = node.pipe;
  const place = lastPlace(node.pipe);
  return (frame, dot) => {
    const known = frame.variables.length;
    const value = pipe(frame, dot);
    const elements = inPlace(place, () => elementsOf(value, variables.length));
    if (elements.length === 0) otherwise(frame, dot);
    for (const [key, element] of elements) {
      step(frame);
      if (variables.length === 1) frame.variables.push([variables[0]!, element]);
      if (variables.length === 2) frame.variables.push([variables[0]!, key], [variables[1]!, element]);
      each(frame, element);
      frame.variables.length = known;
      const { jump } = frame;
      frame.jump = undefined;
      if (jump === 'break') break;
    }
  };
}

function elementsOf(value: Value, variableCount: number): (readonly [Value, Value])[] {
  if (Array.isArray(value)) return value.map((each, i) => [BigInt(i), each] as const);
  if (value instanceof Map) return [...value].toSorted(([a], [b]) => (a < b ? -1 : 1));
  if (typeof value === 'bigint') {
    if (variableCount > 1) throw new TemplateError(`can't use ${value} to iterate over more than one variable`);
    if (value > BigInt(LINE_BYTES_MAX)) throw new TemplateError(`range over more than ${LINE_BYTES_MAX} numbers`);
    return Array.from({ length: Number(value) }, (_, i) => [BigInt(i), BigInt(i)] as const);
  }
  if (value === null) return [];
  throw new TemplateError(`range can't iterate over ${printed(value)}`);
}

function append(frame: Frame, text: string): void {
  frame.text += text;
  if (frame.text.length > LINE_BYTES_MAX) throw new TemplateError(`the text is longer than ${LINE_BYTES_MAX} bytes`);
}
