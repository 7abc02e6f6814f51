/** What is being typed: a name, or a value of one. */
export interface Condition {
  /** Index of what a completion replaces, up to the caret. */
  readonly start: number;
  /** Undefined where the name itself is typed. */
  readonly name: string | undefined;
  readonly part: string;
}

/** The condition that is being typed before the caret. */
export function conditionAt(text: string, caret: number): Condition {
  const before = text.slice(0, caret);
  const start = /[^\s(]*$/.exec(before)!.index;
  const [, minus = '', name, part] = /^(-?)([^:<>="/]+):([^"]*)$/.exec(before.slice(start)) ?? [];
  if (name !== undefined) {
    const comma = part!.lastIndexOf(',') + 1;
    return { start: start + minus.length + name.length + 1 + comma, name, part: part!.slice(comma) };
  }
  const isNegated = before[start] === '-';
  return { start: start + (isNegated ? 1 : 0), name: undefined, part: before.slice(start + (isNegated ? 1 : 0)) };
}
