/** Compiles the pipes of a template: commands, operands and the members of values. */
import { ArgumentError, PlacedError, TemplateError } from './errors.ts';
import { type Dot, type Frame, inPlace, LABELS, type Uses } from './frame.ts';
import { FUNCTIONS } from './functions.ts';
import { isGoTime } from './go-time.ts';
import { calledMethod } from './time-methods.ts';
import { type Command, commandPlace, lastPlace, type Operand, type Pipe, type Placed } from './tree.ts';
import { isGoNamed, isTrue, LabelsValue, typeOf, type Value } from './values.ts';

type Evaluate = (frame: Frame, dot: Dot, last: Value | undefined) => Value;

export function pipeOf(pipe: Pipe, uses: Uses, isTop: boolean): (frame: Frame, dot: Dot) => Value {
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
  const result = isGoTime(value) || isGoNamed(value) ? calledMethod(value, name, given) : undefined;
  if (result !== undefined) return result;
  if (value instanceof Map) {
    if (given.length > 0) throw new TemplateError(`${name} is not a method but has arguments`);
    return (value.get(name) as Value | undefined) ?? (value instanceof LabelsValue ? '' : null);
  }
  if (value === null) throw new TemplateError(`nil pointer evaluating interface {}.${name}`);
  throw new TemplateError(`can't evaluate field ${name} in type ${typeOf(value)}`);
}
