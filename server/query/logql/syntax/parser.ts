/** Parses a query with the tables of the grammar, which are made when the first query comes: that takes a moment. */
import { LOGQL_BYTES_MAX } from '../../../limits.ts';
import type { Query } from './ast.ts';
import { LogqlError } from './errors.ts';
import { GRAMMAR, MAKES } from './grammar.ts';
import { ACCEPT, type State, tablesOf } from './lalr.ts';
import { Lexer, type Token } from './lexer.ts';
import { TERMINALS } from './tokens.ts';
import { assertMeaning } from './validate.ts';

let made: readonly State[] | undefined;

/** @throws LogqlError */
export function parseQuery(text: string): Query {
  const bytes = Buffer.byteLength(text);
  if (bytes > LOGQL_BYTES_MAX) throw new LogqlError(`input size too long (${bytes} > ${LOGQL_BYTES_MAX})`);
  if (text === '') throw new LogqlError('syntax error: unexpected $end');
  const query = parsed(new Lexer(text));
  assertMeaning(query);
  return query;
}

function parsed(lexer: Lexer): Query {
  const states = (made ??= tablesOf(GRAMMAR));
  const path = [0];
  const values: unknown[] = [];
  let token: Token | undefined;
  const ahead = (): Token => {
    token ??= lexer.next();
    if (lexer.problem !== undefined) throw lexer.problem;
    return token;
  };
  for (;;) {
    const state = states[path.at(-1)!]!;
    // Where only one thing can be done, what comes next is not looked at yet.
    const isDecided = state.shifts.size === 0 && state.reductions.size === 0;
    const next = isDecided ? undefined : state.shifts.get(ahead().kind);
    if (next !== undefined) {
      path.push(next);
      values.push(token!.value);
      token = undefined;
      continue;
    }
    const rule = isDecided ? state.otherwise : (state.reductions.get(ahead().kind) ?? state.otherwise);
    if (rule === ACCEPT) return values[0] as Query;
    if (rule === undefined) throw unexpected(state, ahead());
    const { left, right } = GRAMMAR.rules[rule]!;
    const parts = values.splice(values.length - right.length);
    path.length -= right.length;
    values.push(MAKES[rule]!(...parts));
    path.push(states[path.at(-1)!]!.gotos.get(left)!);
  }
}

const EXPECTED_MAX = 4;

function unexpected({ shifts, reductions }: State, token: Token): LogqlError {
  const expected = TERMINALS.filter((name) => name !== '$end' && (shifts.has(name) || reductions.has(name)));
  const list = expected.length === 0 || expected.length > EXPECTED_MAX ? '' : `, expecting ${expected.join(' or ')}`;
  return new LogqlError(`syntax error: unexpected ${token.kind}${list}`, token);
}
