/** A LogReader that answers some questions, as a test says. */
import { NO_CURSOR_KEY } from '../../../server/store/cursor.ts';
import type { LogReader, LogView } from '../../../server/store/log-store.ts';

function unasked(): never {
  throw new Error('BUG: the test does not ask this');
}

export function fakeReader(
  answers: Partial<Pick<LogView, 'aggregate' | 'facets' | 'facetsOfSides' | 'nameRows' | 'streams'>> & {
    /** Text, whatever the sink. */
    readonly search?: (...question: Parameters<LogView['search']>) => AsyncIterable<Uint8Array>;
    readonly follow?: LogReader['follow'];
    readonly release?: () => void;
  },
): LogReader {
  const { search = unasked, follow = unasked, release = () => {}, ...others } = answers;
  return {
    cursorKey: NO_CURSOR_KEY,
    follow,
    view: () => ({
      search: search as LogView['search'],
      aggregate: unasked,
      facets: unasked,
      facetsOfSides: unasked,
      rowValues: unasked,
      nameRows: unasked,
      streams: unasked,
      [Symbol.dispose]: release,
      ...others,
    }),
  };
}
