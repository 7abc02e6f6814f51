/** What the address of the page says, and back: `/?q=level:error&since=1h`. Defaults are left out. */

export type Tab = 'lines' | 'table' | 'patterns' | 'differences' | 'requests' | 'last' | 'explain';
const TABS: readonly string[] = [
  'lines',
  'table',
  'patterns',
  'differences',
  'requests',
  'last',
  'explain',
] satisfies Tab[];
/** Whose lines are shown around a line. */
export type Extent = 'stream' | 'app' | 'namespace' | 'all';
const EXTENTS: readonly string[] = ['stream', 'app', 'namespace', 'all'] satisfies Extent[];
export type Order = 'newest' | 'oldest';

/** A question, as an address has it. */
export interface Question {
  readonly q: string;
  /** As it was typed: `1h`, `yesterday`, RFC 3339. */
  readonly since: string;
  readonly until: string;
  readonly order: Order;
  readonly tab: Tab;
  /** Names of the labels and fields that the table has a column for. */
  readonly columns: readonly string[];
  /** Cursor of a line that is open. */
  readonly line: string;
  /** What one view alone understands, such as which field is a duration. */
  readonly own: Readonly<Record<string, string>>;
  /** The lines around the open one are shown instead of those that are found. */
  readonly context: Extent | '';
}

/** Parameters of views of their own. */
const OWN_NAMES = ['sort', 'slow', 'duration', 'status', 'method', 'path', 'namespace', 'open', 'than', 'only'];

export type View =
  | { readonly kind: 'explore' }
  | { readonly kind: 'live' }
  | { readonly kind: 'request'; readonly id: string }
  | { readonly kind: 'user'; readonly id: string }
  | { readonly kind: 'endpoints'; readonly endpoint?: Endpoint }
  | { readonly kind: 'cluster' };

export interface Endpoint {
  /** Empty where lines name none. */
  readonly method: string;
  /** A path with its ids folded. */
  readonly shape: string;
}

/** In place of a method that lines do not name. */
const NO_METHOD = '-';

const SINCE_DEFAULT = '1h';

export const QUESTION_DEFAULT: Question = {
  q: '',
  since: SINCE_DEFAULT,
  until: '',
  order: 'newest',
  tab: 'lines',
  columns: [],
  line: '',
  own: {},
  context: '',
};

export function questionOf(search: string): Question {
  const query = new URLSearchParams(search);
  const of = (name: string, otherwise = ''): string => query.get(name) ?? otherwise;
  return {
    q: of('q'),
    since: of('since', query.has('until') ? '' : SINCE_DEFAULT),
    until: of('until'),
    order: of('order') === 'oldest' ? 'oldest' : 'newest',
    tab: TABS.includes(of('view')) ? (of('view') as Tab) : 'lines',
    columns: columnsOf(of('cols')),
    line: of('line'),
    own: Object.fromEntries(OWN_NAMES.filter((name) => of(name) !== '').map((name) => [name, of(name)])),
    context: EXTENTS.includes(of('context')) ? (of('context') as Extent) : '',
  };
}

/** As many columns as an answer can have; each once. */
const COLUMNS_MAX = 32;

function columnsOf(text: string): readonly string[] {
  return [...new Set(text.split(',').filter((name) => name !== ''))].slice(0, COLUMNS_MAX);
}

/** Returns the address of a question in a view. */
export function addressOf(view: View, question: Question): string {
  const query = new URLSearchParams();
  const add = (name: string, value: string, otherwise = ''): void => {
    if (value !== otherwise) query.set(name, value);
  };
  add('q', question.q);
  add('since', question.since, question.until === '' ? SINCE_DEFAULT : '');
  add('until', question.until);
  add('order', question.order, 'newest');
  add('view', question.tab, 'lines');
  add('cols', question.columns.join(','));
  add('line', question.line);
  for (const name of OWN_NAMES) add(name, question.own[name] ?? '');
  add('context', question.context);
  // Colons and slashes are read more easily as they are, and are allowed in a query.
  const text = query.toString().replaceAll('%3A', ':').replaceAll('%2F', '/').replaceAll('%2C', ',');
  return pathOf(view) + (text === '' ? '' : `?${text}`);
}

function pathOf(view: View): string {
  switch (view.kind) {
    case 'explore':
      return '/';
    case 'live':
      return '/live';
    case 'request':
      return `/request/${encodeURIComponent(view.id)}`;
    case 'user':
      return `/user/${encodeURIComponent(view.id)}`;
    case 'endpoints': {
      if (view.endpoint === undefined) return '/endpoints';
      const { method, shape } = view.endpoint;
      return `/endpoints/${encodeURIComponent(method || NO_METHOD)}/${encodeURIComponent(shape)}`;
    }
    case 'cluster':
      return '/cluster';
  }
}

export function viewOf(path: string): View {
  const [, kind, id] = /^\/(request|user)\/(.+)$/.exec(path) ?? [];
  if (kind !== undefined) return { kind: kind as 'request' | 'user', id: decoded(id!) };
  const [, method, shape] = /^\/endpoints\/([^/]+)\/(.+)$/.exec(path) ?? [];
  if (method !== undefined) {
    return {
      kind: 'endpoints',
      endpoint: { method: method === NO_METHOD ? '' : decoded(method), shape: decoded(shape!) },
    };
  }
  const other = ['live', 'endpoints', 'cluster'].find((each) => path === `/${each}`);
  return { kind: (other ?? 'explore') as 'explore' | 'live' | 'endpoints' | 'cluster' };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
