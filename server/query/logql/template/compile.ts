/** Runs templates: each is compiled to closures once, and called for each line. */
import { quoted } from '../../../../shared/go-quote.ts';
import { LINE_BYTES_MAX, TEMPLATE_DEPTH_MAX, TEMPLATE_STEPS_MAX } from '../../../limits.ts';
import { ArgumentError, PlacedError, TemplateError } from './errors.ts';
import type { TemplateScope } from './function.ts';
import { FUNCTIONS } from './functions.ts';
import { parseTemplate } from './parser.ts';
import { TIME_METHODS } from './time-methods.ts';
import {
  type Command,
  commandPlace,
  lastPlace,
  type Nodes,
  type Operand,
  type ParsedTemplate,
  type Pipe,
  type Placed,
  type TemplateNode,
} from './tree.ts';
import { isGoTime } from './go-time.ts';
import { isTrue, LabelsValue, printed, typeOf, type Value } from './values.ts';

export interface Template {
  /** @throws TemplateError */
  readonly run: (scope: TemplateScope) => string;
  /** The labels that it names; undefined where it may need all. */
  readonly labels: ReadonlySet<string> | undefined;
  /** Whether it uses the line. */
  readonly usesLine: boolean;
}

interface Frame {
  readonly scope: TemplateScope;
  text: string;
  /** Of the template that is executed, as is the dot that it was given, `$`. */
  variables: [name: string, value: Value][];
  root: Dot;
  /** Set when `break` or `continue` leaves a loop. */
  jump: 'break' | 'continue' | undefined;
  /** Templates that are being executed, one by another. */
  depth: number;
  /** Loops and templates so far. */
  steps: number;
}

/** The labels of the line, until a template needs them as one value. */
const LABELS = Symbol('labels');
type Dot = Value | typeof LABELS;
type Run = (frame: Frame, dot: Dot) => void;
type Evaluate = (frame: Frame, dot: Dot, last: Value | undefined) => Value;

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

/** Runs a step whose failures are of a place. */
function inPlace<T>(place: Placed, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof TemplateError) || error instanceof PlacedError) throw error;
    throw new PlacedError(error.message, place);
  }
}

/** What a template uses, found while it is compiled. */
interface Uses {
  readonly labels: Set<string>;
  isAll: boolean;
  usesLine: boolean;
  /** By name: the templates that it defines, and itself. */
  readonly runs: ReadonlyMap<string, Run>;
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

function pipeOf(pipe: Pipe, uses: Uses, isTop: boolean): (frame: Frame, dot: Dot) => Value {
  const commands = pipe.commands.map((command) => commandOf(command, uses, isTop));
  const { variables, isDeclared } = pipe;
  return (frame, dot) => {
    let value: Value | undefined;
    for (const command of commands) value = command(frame, dot, value);
    for (const name of variables) assign(frame, name, value!, isDeclared);
    return value!;
  };
}

function assign(frame: Frame, name: string, value: Value, isDeclared: boolean): void {
  const known = isDeclared ? undefined : frame.variables.findLast(([each]) => each === name);
  if (known === undefined) frame.variables.push([name, value]);
  else known[1] = value;
}

function commandOf([head, ...rest]: Command, uses: Uses, isTop: boolean): Evaluate {
  if (head!.kind === 'function') return callOf([head!, ...rest], head!.name, uses, isTop);
  if (head!.kind === 'nil') return failing('nil is not a command', head!);
  if ('path' in head! && head.path.length > 0) return memberCallOf(head, rest, uses, isTop);
  const notFunction = `can't give argument to non-function ${head!.text}`;
  if (rest.length > 0) return failing(notFunction, head!);
  const value = operandOf(head!, uses, isTop);
  return (frame, dot, last) => {
    if (last !== undefined) throw new PlacedError(notFunction, head!);
    return value(frame, dot);
  };
}

/** A member that is a method gets arguments. */
function memberCallOf(
  head: Extract<Operand, { path: readonly string[] }>,
  rest: readonly Operand[],
  uses: Uses,
  isTop: boolean,
): Evaluate {
  const base = baseOf(head, uses, isTop);
  const parameters = rest.map((operand) => operandOf(operand, uses, isTop));
  const place = head.kind === 'pipe' ? lastPlace(head.pipe) : head;
  return (frame, dot, last) => {
    const owner = base(frame, dot);
    const values = parameters.map((parameter) => parameter(frame, dot));
    if (last !== undefined) values.push(last);
    try {
      return fieldOf(frame, owner, head.path, values);
    } catch (error) {
      if (error instanceof ArgumentError)
        throw wrongArgument(error, rest[values.indexOf(error.value as Value)] ?? head);
      return inPlace(place, () => {
        throw error;
      });
    }
  };
}

function failing(problem: string, place: Placed): Evaluate {
  return () => {
    throw new PlacedError(problem, place);
  };
}

function callOf(command: Command, name: string, uses: Uses, isTop: boolean): Evaluate {
  const [head, ...operands] = command as [Operand, ...Operand[]];
  const place = commandPlace(command);
  const parameters = operands.map((operand) => operandOf(operand, uses, isTop));
  if (name === 'and' || name === 'or') return shortCircuit(name, parameters, head);
  if (name === 'call') return calling(command, parameters);
  const { call, least, most } = FUNCTIONS.get(name)!;
  if (name === '__line__') uses.usesLine = true;
  return (frame, dot, last) => {
    const values = parameters.map((parameter) => parameter(frame, dot));
    if (last !== undefined) values.push(last);
    if (values.length < least || values.length > most) {
      const want = most === Infinity ? `at least ${least}` : String(least);
      throw new PlacedError(`wrong number of args for ${name}: want ${want} got ${values.length}`, head);
    }
    try {
      return call(values, frame.scope);
    } catch (error) {
      if (error instanceof ArgumentError)
        throw wrongArgument(error, operands[values.indexOf(error.value as Value)] ?? head);
      if (!(error instanceof TemplateError)) throw error;
      throw new PlacedError(`error calling ${name}: ${error.message}`, place);
    }
  };
}

function wrongArgument({ expected, message }: ArgumentError, operand: Operand): PlacedError {
  const isLiteral = operand.kind === 'literal';
  return new PlacedError(isLiteral ? `expected ${expected}; found ${operand.text}` : message, operand);
}

/** No value of a template is a function that could be called. */
function calling(command: Command, parameters: readonly ((frame: Frame, dot: Dot) => Value)[]): Evaluate {
  const [head, callee = head] = command;
  return (frame, dot, last) => {
    const value = parameters.length === 0 ? last : parameters[0]!(frame, dot);
    if (value === undefined) throw new PlacedError('wrong number of args for call: want at least 1 got 0', head!);
    const problem = value === null ? 'call of nil' : `non-function ${callee!.text} of type ${typeOf(value)}`;
    throw new PlacedError(`error calling call: ${problem}`, commandPlace(command));
  };
}

/** `and` and `or` evaluate no more than they need. */
function shortCircuit(
  name: 'and' | 'or',
  parameters: readonly ((frame: Frame, dot: Dot) => Value)[],
  head: Placed,
): Evaluate {
  return (frame, dot, last) => {
    let value: Value | undefined;
    for (const parameter of parameters) {
      value = parameter(frame, dot);
      if (isTrue(value) === (name === 'or')) return value;
    }
    value = last ?? value;
    if (value === undefined) throw new PlacedError(`wrong number of args for ${name}: want at least 1 got 0`, head);
    return value;
  };
}

function operandOf(operand: Operand, uses: Uses, isTop: boolean): (frame: Frame, dot: Dot) => Value {
  switch (operand.kind) {
    case 'nil':
      return () => null;
    case 'literal':
      return () => operand.value;
    case 'dot':
      if (isTop) uses.isAll = true;
      return (frame, dot) => valueOf(frame, dot);
    case 'field':
    case 'variable':
    case 'pipe': {
      const { path } = operand;
      const base = baseOf(operand, uses, isTop);
      const place = operand.kind === 'pipe' ? lastPlace(operand.pipe) : operand;
      if (path.length === 0) return (frame, dot) => valueOf(frame, base(frame, dot));
      return (frame, dot) => {
        const owner = base(frame, dot);
        return inPlace(place, () => fieldOf(frame, owner, path));
      };
    }
    case 'function': {
      const call = callOf([operand], operand.name, uses, isTop);
      return (frame, dot) => call(frame, dot, undefined);
    }
  }
}

/** Returns what the path of an operand is of. */
function baseOf(
  operand: Extract<Operand, { path: readonly string[] }>,
  uses: Uses,
  isTop: boolean,
): (frame: Frame, dot: Dot) => Dot {
  switch (operand.kind) {
    case 'field':
      if (isTop) uses.labels.add(operand.path[0]!);
      return (_frame, dot) => dot;
    case 'variable':
      return variableOf(operand, uses);
    case 'pipe':
      return pipeOf(operand.pipe, uses, isTop);
  }
}

function variableOf({ name, path }: Extract<Operand, { kind: 'variable' }>, uses: Uses): (frame: Frame) => Dot {
  if (name === '$') {
    if (path.length === 0) uses.isAll = true;
    else uses.labels.add(path[0]!);
    return (frame) => frame.root;
  }
  return (frame) => {
    const known = frame.variables.findLast(([each]) => each === name);
    if (known === undefined) throw new TemplateError(`undefined variable: ${name}`);
    return known[1];
  };
}

function valueOf(frame: Frame, dot: Dot): Value {
  return dot === LABELS ? new LabelsValue(frame.scope.labels()) : dot;
}

/**
 * Returns a field: a label that the line lacks is empty, a field that an object lacks has no value, and neither has any of nil.
 * @param given  arguments, which only a method takes
 */
function fieldOf(frame: Frame, dot: Dot, path: readonly string[], given: readonly Value[] = []): Value {
  if (dot === null) return null;
  const [first, ...rest] = path as [string, ...string[]];
  const isOnly = rest.length === 0;
  let value: Value =
    dot === LABELS ? labelOf(frame, first, isOnly ? given : []) : memberOf(dot, first, isOnly ? given : []);
  for (const [i, name] of rest.entries()) value = memberOf(value, name, i === rest.length - 1 ? given : []);
  return value;
}

function labelOf(frame: Frame, name: string, given: readonly Value[]): Value {
  if (given.length > 0) throw new TemplateError(`${name} is not a method but has arguments`);
  return frame.scope.label(name) ?? '';
}

function memberOf(value: Value, name: string, given: readonly Value[]): Value {
  if (isGoTime(value)) {
    const method = TIME_METHODS.get(name);
    if (method !== undefined) {
      const { arguments: count, call } = method;
      if (given.length === count) return call(value, given);
      throw new TemplateError(`wrong number of args for ${name}: want ${count} got ${given.length}`);
    }
  }
  if (value instanceof Map) {
    if (given.length > 0) throw new TemplateError(`${name} is not a method but has arguments`);
    return (value.get(name) as Value | undefined) ?? (value instanceof LabelsValue ? '' : null);
  }
  if (value === null) throw new TemplateError(`nil pointer evaluating interface {}.${name}`);
  throw new TemplateError(`can't evaluate field ${name} in type ${typeOf(value)}`);
}
