/** Runs templates: each is compiled to closures once, and called for each line. */
import { LINE_BYTES_MAX } from '../../../limits.ts';
import { ArgumentError, PlacedError, TemplateError } from './errors.ts';
import type { TemplateScope } from './function.ts';
import { FUNCTIONS } from './functions.ts';
import { parseTemplate } from './parser.ts';
import {
  type Command,
  commandPlace,
  type Nodes,
  type Operand,
  type Pipe,
  pipePlace,
  type Placed,
  type TemplateNode,
} from './tree.ts';
import { isTrue, printed, typeOf, type Value } from './values.ts';

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
  readonly variables: [name: string, value: Value][];
  /** Set when `break` or `continue` leaves a loop. */
  jump: 'break' | 'continue' | undefined;
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
  const nodes = parsedTemplate(text, name);
  const uses: Uses = { labels: new Set(), isAll: false, usesLine: false };
  const run = runAll(nodes, uses, true);
  return {
    run: (scope) => {
      const frame: Frame = { scope, text: '', variables: [], jump: undefined };
      try {
        run(frame, LABELS);
      } catch (error) {
        throw error instanceof PlacedError ? located(error, text, name) : error;
      }
      return frame.text;
    },
    labels: uses.isAll ? undefined : uses.labels,
    usesLine: uses.usesLine,
  };
}

function parsedTemplate(text: string, name: string): Nodes {
  try {
    return parseTemplate(text, (word) => FUNCTIONS.has(word) || word === 'and' || word === 'or');
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
  return new TemplateError(`template: ${name}:${place}: executing "${name}" at <${error.context}>: ${error.message}`, {
    cause: error,
  });
}

/** Runs a step whose failures are of a place. */
function inPlace<T>(place: Placed, step: () => T): T {
  try {
    return step();
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
  }
}

function rangeOf(node: Extract<TemplateNode, { kind: 'range' }>, uses: Uses, isTop: boolean): Run {
  const pipe = pipeOf({ ...node.pipe, variables: [] }, uses, isTop);
  const each = runAll(node.each, uses, false);
  const otherwise = runAll(node.otherwise, uses, isTop);
  const { variables } = node.pipe;
  const place = pipePlace({ ...node.pipe, variables: [] });
  return (frame, dot) => {
    const known = frame.variables.length;
    const value = pipe(frame, dot);
    const elements = inPlace(place, () => elementsOf(value));
    if (elements.length === 0) otherwise(frame, dot);
    for (const [key, element] of elements) {
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

function elementsOf(value: Value): (readonly [Value, Value])[] {
  if (Array.isArray(value)) return value.map((each, i) => [BigInt(i), each] as const);
  if (value instanceof Map) return [...value].toSorted(([a], [b]) => (a < b ? -1 : 1));
  if (typeof value === 'bigint') {
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
  const notFunction = `can't give argument to non-function ${head!.text}`;
  if (rest.length > 0) return failing(notFunction, head!);
  const value = operandOf(head!, uses, isTop);
  return (frame, dot, last) => {
    if (last !== undefined) throw new PlacedError(notFunction, head!);
    return value(frame, dot);
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
  if (name === 'and' || name === 'or') return shortCircuit(name, parameters);
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

/** `and` and `or` evaluate no more than they need. */
function shortCircuit(name: 'and' | 'or', parameters: readonly ((frame: Frame, dot: Dot) => Value)[]): Evaluate {
  return (frame, dot, last) => {
    let value: Value | undefined;
    for (const parameter of parameters) {
      value = parameter(frame, dot);
      if (isTrue(value) === (name === 'or')) return value;
    }
    value = last ?? value;
    if (value === undefined) throw new TemplateError(`wrong number of args for ${name}: want at least 1 got 0`);
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
    case 'field': {
      const { path } = operand;
      if (isTop) uses.labels.add(path[0]!);
      return (frame, dot) => inPlace(operand, () => fieldOf(frame, dot, path));
    }
    case 'variable':
      return variableOf(operand, uses);
    case 'function': {
      const call = callOf([operand], operand.name, uses, isTop);
      return (frame, dot) => call(frame, dot, undefined);
    }
    case 'pipe': {
      const pipe = pipeOf(operand.pipe, uses, isTop);
      return (frame, dot) => {
        const value = pipe(frame, dot);
        return operand.path.length === 0 ? value : inPlace(operand, () => fieldOf(frame, value, operand.path));
      };
    }
  }
}

function variableOf(
  { name, path }: Extract<Operand, { kind: 'variable' }>,
  uses: Uses,
): (frame: Frame, dot: Dot) => Value {
  if (name === '$') {
    if (path.length === 0) uses.isAll = true;
    else uses.labels.add(path[0]!);
    return (frame) => (path.length === 0 ? valueOf(frame, LABELS) : fieldOf(frame, LABELS, path));
  }
  return (frame) => {
    const known = frame.variables.findLast(([each]) => each === name);
    if (known === undefined) throw new TemplateError(`undefined variable: ${name}`);
    return path.length === 0 ? known[1] : fieldOf(frame, known[1], path);
  };
}

function valueOf(frame: Frame, dot: Dot): Value {
  return dot === LABELS ? frame.scope.labels() : dot;
}

/** Returns a field; a label that the line lacks is empty, and a field that an object lacks has no value. */
function fieldOf(frame: Frame, dot: Dot, path: readonly string[]): Value {
  let value: Value = dot === LABELS ? (frame.scope.label(path[0]!) ?? '') : memberOf(dot, path[0]!);
  for (const name of path.slice(1)) value = memberOf(value, name);
  return value;
}

function memberOf(value: Value, name: string): Value {
  if (value instanceof Map) return value.get(name) ?? null;
  if (value === null) throw new TemplateError(`nil pointer evaluating interface {}.${name}`);
  throw new TemplateError(`can't evaluate field ${name} in type ${typeOf(value)}`);
}
