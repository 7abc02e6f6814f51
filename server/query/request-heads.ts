/** Lines about a request as a whole, as a condition on lines: so a store finds them, and reads no others. */
import { METHOD_NAMES, PATH_NAMES, STATUS_NAMES } from '../../shared/request-names.ts';
import { allOf, anyOf, normalised, type Operator, valueLeaf, type ValueTest, type Where } from '../store/predicate.ts';

/**
 * Satisfied by every line that is one (`isHead` in request-rows.ts), and of others only by those that have a number from 100 to 599
 * that is not a status, or an array of what is asked for. Whoever asks for the status, sees the first.
 */
export const MAY_BE_HEAD: Where = mayBeHead();

function mayBeHead(): Where {
  const some = (names: readonly string[], whereOf: (name: string) => Where): Where => anyOf(names.map(whereOf));
  const matching = (names: readonly string[], pattern: string): Where =>
    some(names, (name) => valueLeaf(name, [{ kind: 'regexp', pattern }]));
  const method = matching(METHOD_NAMES, '(?i)^(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|CONNECT|TRACE)$');
  const path = matching(PATH_NAMES, '(?i)^(?:/|https?://)');
  // As numbers: the range of a column, which its header has, often decides for all of its lines.
  const status = some(STATUS_NAMES, (name) =>
    allOf([valueLeaf(name, [compared('>=', 100)]), valueLeaf(name, [compared('<', 600)])]),
  );
  // The first two are mostly decided by headers: no path is read then.
  return normalised(anyOf([allOf([method, status]), allOf([method, path]), allOf([status, path])]));
}

function compared(operator: Operator, value: number): ValueTest {
  return { kind: 'compare', operator, operand: { kind: 'number', value } };
}
