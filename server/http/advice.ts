/**
 * Advice about questions that were not understood, or that find nothing: a parameter of another tool is refused, and an
 * answer without lines, or to a name that no line has, has hints, in the header `podlog-hint` and, if it is an object, in its
 * `hints`, unless `hints=false`.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Asker, QueryEngine } from '../query/engine.ts';
import type { Hint } from '../query/hint.ts';
import { type EmptyName, hintsOf, nameHintsOf } from '../query/hints.ts';
import { namesInFilters, type Question, unprovenNames, type WrittenName } from '../query/question-parts.ts';
import { refuseMistakes, suspectNames } from '../query/mistaken-names.ts';
import { parseFlag, type QueryString } from '../query/parameters.ts';
import { readCost } from '../query/read-budget.ts';
import { askerOf } from './asker.ts';

/** A question that was understood, to be answered. */
export interface Understood {
  readonly asker: Asker;
  /** Asks for advice. */
  readonly hints: (emptyNames?: readonly EmptyName[]) => Promise<readonly Hint[]>;
  /** Asks for advice about its names alone. */
  readonly nameHints: () => Promise<readonly Hint[]>;
  /** Asks for advice about an answer that has lines: its names of which these are no proof, and further ones. */
  readonly foundHints: (further?: readonly EmptyName[]) => Promise<readonly Hint[]>;
  /**
   * Adds advice to an answer that may need some.
   * @param emptyNames  names that it groups by or measures, and that none of its lines has
   */
  readonly withHints: <T extends object>(answer: T, isEmpty: boolean, emptyNames?: readonly EmptyName[]) => Promise<T>;
}

/** @throws ParameterError  a name looks like that of a parameter, and no line has it */
export async function understood(
  engine: QueryEngine,
  request: FastifyRequest<{ Querystring: QueryString }>,
  reply: FastifyReply,
  { ends = [], ...own }: Omit<Question, 'query' | 'namespaces'> & { readonly ends?: readonly AbortSignal[] },
): Promise<Understood> {
  const asker = askerOf(request, reply, ends);
  const question: Question = { query: request.query, namespaces: request.namespaces, ...own };
  const isWanted = wantsHints(question.query);
  const suspects = suspectNames(question.query, question.ownNames);
  if (suspects.length > 0) await engine.run(asker, (view, query) => refuseMistakes(suspects, question, view, query));
  const hints = async (emptyNames: readonly EmptyName[] = []): Promise<readonly Hint[]> => {
    if (!isWanted) return [];
    const read = (asker.asked ?? []).reduce((sum, each) => sum + readCost(each), 0);
    const answer = { emptyNames, read };
    return (await engine.run(asker, (view, query) => hintsOf(question, answer, view, query))).answer;
  };
  const nameHints = async (
    names: readonly WrittenName[],
    emptyNames: readonly EmptyName[],
  ): Promise<readonly Hint[]> =>
    !isWanted || (names.length === 0 && emptyNames.length === 0)
      ? []
      : (await engine.run(asker, (view, query) => nameHintsOf(question, { names, emptyNames }, view, query))).answer;
  const foundHints = (further: readonly EmptyName[] = []): Promise<readonly Hint[]> =>
    nameHints(unprovenNames(question), further);
  return {
    asker,
    hints,
    foundHints,
    nameHints: () => nameHints(namesInFilters(question), []),
    withHints: async (answer, isEmpty, emptyNames = []) =>
      hinted(reply, answer, await (isEmpty || emptyNames.length > 0 ? hints(emptyNames) : foundHints())),
  };
}

/** Adds hints to an answer and its header, if there are any and they are wanted. */
export function hinted<T extends object>(reply: FastifyReply, answer: T, hints: readonly Hint[]): T {
  if (hints.length === 0 || !wantsHints(reply.request.query as QueryString)) return answer;
  void reply.headers(hintHeaders(hints));
  return { ...answer, hints };
}

/** @throws ParameterError */
export function wantsHints(query: QueryString): boolean {
  return query['hints'] === undefined || parseFlag(query, 'hints');
}

/** One for each hint. */
export function hintHeaders(hints: readonly Hint[]): Record<string, string[]> {
  return hints.length === 0 ? {} : { 'podlog-hint': hints.map(({ message }) => asciiOf(message)) };
}

/** Headers are ASCII: other characters are escaped as in JSON. */
function asciiOf(text: string): string {
  return text.replaceAll(/[^ -~]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
