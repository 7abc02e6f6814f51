/** A saved view as the question that it asks. */
import type { SavedView } from '../../shared/client/answers.ts';
import { type Question, QUESTION_DEFAULT } from './address.ts';

export function viewQuestion({ search, since, until = '', columns = [] }: SavedView): Question {
  return { ...QUESTION_DEFAULT, q: search, since, until, columns, tab: columns.length > 0 ? 'table' : 'lines' };
}
