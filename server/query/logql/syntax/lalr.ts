/**
 * Makes the tables of a shift-reduce parser from a grammar: LALR(1), with conflicts resolved as yacc does. A state has a
 * default reduction where it has one at all, so that a mistake is found, and named, in the state in which yacc finds it.
 * Aho, Sethi, Ullman: Compilers, chapter 4.7.
 */

/** A rule: what it makes, its parts, and a part whose precedence decides between reading on and being applied. */
export interface Rule {
  readonly left: string;
  readonly right: readonly string[];
}

export interface Grammar {
  readonly terminals: readonly string[];
  /** Begins with the symbol that is parsed. */
  readonly rules: readonly Rule[];
  /** Operators, those that bind least first. */
  readonly precedence: readonly { readonly isRight?: true; readonly of: readonly string[] }[];
}

export interface State {
  /** By terminal: the state after it. */
  readonly shifts: ReadonlyMap<string, number>;
  /** By symbol that a rule makes: the state after it. */
  readonly gotos: ReadonlyMap<string, number>;
  /** By terminal: the rule that is applied before it, where that is not `otherwise`. */
  readonly reductions: ReadonlyMap<string, number>;
  /** The rule that is applied before any other terminal. */
  readonly otherwise: number | undefined;
}

/** The pseudo-terminal of rules that only give up: a state that may see it has no default reduction. */
export const ERROR = 'error';

/** The rule whose reduction ends the parse. */
export const ACCEPT = -1;

/** An item is a rule and how much of it has been read: rule * ITEM + dot. */
const ITEM = 32;

export function tablesOf(grammar: Grammar): readonly State[] {
  return new Tables(grammar).states();
}

interface Kernel {
  /** Item → the terminals that may come after its rule, as bits. */
  readonly items: Map<number, bigint>;
  moves: Map<string, number>;
}

class Tables {
  readonly #rules: readonly Rule[];
  readonly #byLeft = new Map<string, number[]>();
  readonly #bits = new Map<string, bigint>();
  readonly #first = new Map<string, bigint>();
  readonly #empty = new Set<string>();
  readonly #level = new Map<string, { level: number; isRight: boolean }>();
  readonly #kernels: Kernel[] = [];
  readonly #byCore = new Map<string, number>();

  constructor({ terminals, rules, precedence }: Grammar) {
    this.#rules = [{ left: '$accept', right: [rules[0]!.left] }, ...rules];
    for (const [i, rule] of this.#rules.entries()) {
      const known = this.#byLeft.get(rule.left);
      if (known === undefined) this.#byLeft.set(rule.left, [i]);
      else known.push(i);
    }
    for (const [i, name] of [...terminals, ERROR].entries()) this.#bits.set(name, 1n << BigInt(i));
    for (const [level, { of, isRight = false }] of precedence.entries())
      for (const name of of) this.#level.set(name, { level, isRight });
    this.#findFirsts();
  }

  states(): State[] {
    this.#stateOf(new Map([[0, this.#bits.get('$end')!]]));
    const due = [0];
    const isDue = new Set(due);
    for (let at = due.shift(); at !== undefined; at = due.shift()) {
      isDue.delete(at);
      for (const next of this.#expand(at)) {
        if (isDue.has(next)) continue;
        isDue.add(next);
        due.push(next);
      }
    }
    return this.#kernels.map((kernel) => this.#stateFrom(kernel));
  }

  /** What each symbol may begin with, and which may be empty. */
  #findFirsts(): void {
    for (const [name, bit] of this.#bits) this.#first.set(name, bit);
    for (const name of this.#byLeft.keys()) this.#first.set(name, 0n);
    for (let hasGrown = true; hasGrown;) {
      hasGrown = false;
      for (const { left, right } of this.#rules) {
        const before = this.#first.get(left)!;
        const { first, isEmpty } = this.#firstOf(right, 0);
        if ((before | first) !== before || (isEmpty && !this.#empty.has(left))) hasGrown = true;
        this.#first.set(left, before | first);
        if (isEmpty) this.#empty.add(left);
      }
    }
  }

  #firstOf(symbols: readonly string[], from: number): { first: bigint; isEmpty: boolean } {
    let first = 0n;
    for (let i = from; i < symbols.length; i++) {
      first |= this.#first.get(symbols[i]!)!;
      if (!this.#empty.has(symbols[i]!)) return { first, isEmpty: false };
    }
    return { first, isEmpty: true };
  }

  #stateOf(items: Map<number, bigint>): { index: number; hasGrown: boolean } {
    const core = [...items.keys()].toSorted((a, b) => a - b).join();
    const known = this.#byCore.get(core);
    if (known === undefined) {
      this.#byCore.set(core, this.#kernels.length);
      this.#kernels.push({ items, moves: new Map() });
      return { index: this.#kernels.length - 1, hasGrown: true };
    }
    let hasGrown = false;
    const own = this.#kernels[known]!.items;
    for (const [item, ahead] of items) {
      const before = own.get(item)!;
      if ((before | ahead) === before) continue;
      own.set(item, before | ahead);
      hasGrown = true;
    }
    return { index: known, hasGrown };
  }

  /** Returns the kernel's items and those of all symbols that may begin at their dots. */
  #closureOf(kernel: Kernel): Map<number, bigint> {
    const ahead = new Map<string, bigint>();
    const due: string[] = [];
    const add = (rule: Rule, dot: number, after: bigint): void => {
      const symbol = rule.right[dot];
      if (symbol === undefined || !this.#byLeft.has(symbol)) return;
      const { first, isEmpty } = this.#firstOf(rule.right, dot + 1);
      const before = ahead.get(symbol);
      const all = (before ?? 0n) | first | (isEmpty ? after : 0n);
      if (all === before) return;
      ahead.set(symbol, all);
      due.push(symbol);
    };
    for (const [item, after] of kernel.items) add(this.#rules[Math.floor(item / ITEM)]!, item % ITEM, after);
    for (let symbol = due.pop(); symbol !== undefined; symbol = due.pop()) {
      for (const rule of this.#byLeft.get(symbol)!) add(this.#rules[rule]!, 0, ahead.get(symbol)!);
    }
    const items = new Map(kernel.items);
    for (const [symbol, after] of ahead)
      for (const rule of this.#byLeft.get(symbol)!) items.set(rule * ITEM, (items.get(rule * ITEM) ?? 0n) | after);
    return items;
  }

  /** Returns the states whose items have grown. */
  #expand(at: number): number[] {
    const kernel = this.#kernels[at]!;
    const moves = new Map<string, Map<number, bigint>>();
    for (const [item, after] of this.#closureOf(kernel)) {
      const symbol = this.#rules[Math.floor(item / ITEM)]!.right[item % ITEM];
      if (symbol === undefined) continue;
      let next = moves.get(symbol);
      if (next === undefined) moves.set(symbol, (next = new Map()));
      next.set(item + 1, after);
    }
    const grown: number[] = [];
    for (const [symbol, items] of moves) {
      const { index, hasGrown } = this.#stateOf(items);
      kernel.moves.set(symbol, index);
      if (hasGrown) grown.push(index);
    }
    return grown;
  }

  #stateFrom(kernel: Kernel): State {
    const shifts = new Map<string, number>();
    const gotos = new Map<string, number>();
    for (const [symbol, next] of kernel.moves) (this.#byLeft.has(symbol) ? gotos : shifts).set(symbol, next);
    const reductions = new Map<string, number>();
    const complete = [...this.#closureOf(kernel)].filter(
      ([item]) => this.#rules[Math.floor(item / ITEM)]!.right.length === item % ITEM,
    );
    // Where only one rule can be applied, and nothing read, it does not matter what comes next.
    const [only] = complete;
    if (complete.length === 1 && shifts.size === 0 && only![0] >= ITEM) {
      return { shifts, gotos, reductions, otherwise: Math.floor(only![0] / ITEM) - 1 };
    }
    for (const [item, after] of complete.toSorted(([a], [b]) => a - b)) {
      const rule = Math.floor(item / ITEM);
      for (const [name, bit] of this.#bits) {
        // The first of two rules counts.
        if ((after & bit) === 0n || reductions.has(name)) continue;
        if (!shifts.has(name) || this.#isApplied(rule, name, shifts)) reductions.set(name, rule - 1);
      }
    }
    const otherwise = shifts.has(ERROR) ? undefined : this.#mostFrequent(reductions);
    for (const [name, rule] of reductions) if (rule === otherwise) reductions.delete(name);
    return { shifts, gotos, reductions, otherwise };
  }

  /** Returns the most frequent reduction before terminals, in which accepting does not count. */
  #mostFrequent(reductions: ReadonlyMap<string, number>): number | undefined {
    const counts = new Map<number, number>();
    for (const name of this.#bits.keys()) {
      const rule = reductions.get(name);
      if (rule !== undefined && rule !== ACCEPT) counts.set(rule, (counts.get(rule) ?? 0) + 1);
    }
    let best: number | undefined;
    for (const [rule, count] of counts) if (best === undefined || count > counts.get(best)!) best = rule;
    return best;
  }

  /** Whether a rule is applied where its next terminal could also be read. If so, it cannot be read. */
  #isApplied(rule: number, name: string, shifts: Map<string, number>): boolean {
    const operator = this.#rules[rule]!.right.findLast((each) => this.#bits.has(each));
    const own = operator === undefined ? undefined : this.#level.get(operator);
    const next = this.#level.get(name);
    if (own === undefined || next === undefined) return false;
    const isApplied = own.level > next.level || (own.level === next.level && !own.isRight);
    if (isApplied) shifts.delete(name);
    return isApplied;
  }
}
