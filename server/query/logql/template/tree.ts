/** A template of Go's text/template as data. ./parser.ts makes it, ./compile.ts runs it. */
import type { GoImaginary } from './values.ts';

export type TemplateNode =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'print'; readonly pipe: Pipe }
  | { readonly kind: 'if' | 'with'; readonly pipe: Pipe; readonly body: Nodes; readonly otherwise: Nodes }
  | { readonly kind: 'range'; readonly pipe: Pipe; readonly each: Nodes; readonly otherwise: Nodes }
  | { readonly kind: 'break' | 'continue' }
  /** Executes a template that is defined in this one, with a value as its dot. */
  | ({ readonly kind: 'template'; readonly name: string; readonly pipe: Pipe | undefined } & Placed);

export interface ParsedTemplate {
  readonly nodes: Nodes;
  /** By name: what `define` and `block` define. */
  readonly definitions: ReadonlyMap<string, Nodes>;
}

export type Nodes = readonly TemplateNode[];

/** Commands, each of which gets the value of the one before it as its last argument. */
export interface Pipe {
  /** Variables that get the value; two in a range: of the index, and of the element. */
  readonly variables: readonly string[];
  /** Whether the variables are new (`:=`). */
  readonly isDeclared: boolean;
  readonly commands: readonly Command[];
}

/** Returns a command as an error shows it. */
export function commandPlace(command: Command): Placed {
  return { at: command[0]!.at, text: command.map(({ text }) => text).join(' ') };
}

export function pipePlace({ variables, isDeclared, commands }: Pipe): Placed {
  const texts = commands.map((command) => commandPlace(command).text).join(' | ');
  const assigned = variables.length === 0 ? '' : `${variables.join(', ')} ${isDeclared ? ':=' : '='} `;
  return { at: commands[0]![0]!.at, text: assigned + texts };
}

/** Returns what is evaluated last of a pipe: where Go says that its value is of no use. */
export function lastPlace({ commands }: Pipe): Placed {
  const last = commands.at(-1)!.at(-1)!;
  return last.kind === 'pipe' ? lastPlace(last.pipe) : last;
}

/** A function or a value, and arguments. */
export type Command = readonly Operand[];

/** Where it is in the template, and its text as Go writes it. */
export interface Placed {
  readonly at: number;
  readonly text: string;
}

export type Operand = Placed & OperandKind;

type OperandKind =
  | { readonly kind: 'dot' }
  | { readonly kind: 'nil' }
  | { readonly kind: 'literal'; readonly value: string | boolean | number | bigint | GoImaginary }
  /** `.a.b` */
  | { readonly kind: 'field'; readonly path: readonly string[] }
  /** `$x.a` */
  | { readonly kind: 'variable'; readonly name: string; readonly path: readonly string[] }
  | { readonly kind: 'function'; readonly name: string }
  /** `( … ).a` */
  | { readonly kind: 'pipe'; readonly pipe: Pipe; readonly path: readonly string[] };

/** Whether an operand can take the value of the command before it. */
export function isExecutable({ kind, ...operand }: Operand): boolean {
  if (kind === 'pipe') return 'path' in operand && operand.path.length > 0;
  return kind === 'function' || kind === 'field' || kind === 'variable';
}

/** Returns a path of fields as it is written. */
export function fieldsText(path: readonly string[]): string {
  return path.map((name) => `.${name}`).join('');
}
