/** What reviewers would otherwise have to remember: the shape of the repository, checked on its text. */
import { posix } from 'node:path';
import { expect, test } from 'vitest';
import { importsOf, isCode, isSource, readRepository } from './sources.ts';

const FILES = readRepository();
const CODE = [...FILES.keys()].filter(isCode);
const SOURCES = CODE.filter(isSource);
const importsOfFile = (path: string) => importsOf(path, FILES.get(path)!);

/** Rooms of the embedded store, and what all of them may know. */
function embedded(...rooms: readonly string[]): readonly string[] {
  const known = ['server/store/', 'server/limits.ts', 'server/workers/task.ts', 'shared/'];
  return [...rooms.map((room) => `server/engines/embedded/${room}/`), ...known];
}

/** A folder (or file) of the sources → what it may import, apart from itself. A longer name wins over a shorter one. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'shared/': [],
  'shared/row-group/format.ts': [],
  'agent/limits.ts': [],
  'agent/agent-metrics.ts': ['agent/rules/', 'agent/files/', 'shared/'],
  'agent/rules/': ['agent/limits.ts', 'shared/'],
  'agent/files/': ['agent/rules/', 'agent/limits.ts', 'shared/'],
  'agent/send/': ['agent/files/', 'agent/rules/', 'agent/limits.ts', 'agent/agent-metrics.ts', 'shared/'],
  'agent/lines/': [
    'agent/send/',
    'agent/files/',
    'agent/rules/',
    'agent/limits.ts',
    'agent/agent-metrics.ts',
    'shared/',
  ],
  'agent/discover/': [
    'agent/send/',
    'agent/files/',
    'agent/rules/',
    'agent/limits.ts',
    'agent/agent-metrics.ts',
    'shared/',
  ],
  'agent/losses/': ['agent/discover/', 'agent/send/', 'agent/files/', 'agent/limits.ts', 'shared/'],
  // agent/agent.ts, agent/tail.ts and what else puts the rooms together.
  'agent/': ['agent/', 'shared/'],
  'server/limits.ts': [],
  'server/caller-amounts.ts': [],
  'server/watched-file.ts': ['server/limits.ts', 'shared/'],
  'server/yaml/': ['shared/'],
  'server/workers/task.ts': [],
  // What every store is asked, and answers with; a store of its own is an engine.
  'server/store/': ['server/limits.ts', 'shared/'],
  // What puts the rooms of the embedded store together, and any other engine.
  'server/engines/': ['server/store/', 'server/yaml/', 'server/limits.ts', 'server/workers/task.ts', 'shared/'],
  // From the disk to an answer: each room knows those before it.
  'server/engines/embedded/platform/': ['shared/'],
  'server/engines/embedded/wal/': ['server/engines/embedded/platform/', 'server/limits.ts', 'shared/'],
  'server/engines/embedded/index/': ['shared/'],
  'server/engines/embedded/segment/': embedded('index', 'platform'),
  'server/engines/embedded/core/': embedded('segment', 'wal', 'platform'),
  'server/engines/embedded/scan/': embedded('core', 'segment', 'index', 'platform'),
  'server/engines/embedded/aggregate/': embedded('scan', 'core', 'segment'),
  'server/engines/embedded/search/': embedded('aggregate', 'scan', 'core', 'segment'),
  'server/engines/embedded/tail/': embedded('search', 'scan', 'core', 'segment'),
  'server/engines/embedded/lane/': [...embedded('scan', 'core', 'segment', 'platform'), 'server/yaml/'],
  'server/engines/embedded/check/': embedded('core', 'segment', 'index', 'wal', 'platform'),
  'server/ingest/': [
    'server/store/',
    'server/caller-amounts.ts',
    'server/limits.ts',
    'server/workers/task.ts',
    'shared/',
  ],
  'server/audit/': ['server/ingest/', 'server/store/', 'server/limits.ts', 'shared/'],
  'server/kubernetes/': ['server/ingest/', 'server/store/', 'server/limits.ts', 'shared/'],
  // Asks any store, so it knows none.
  'server/query/': ['server/store/', 'server/caller-amounts.ts', 'server/limits.ts', 'shared/'],
  'server/auth/': ['server/store/', 'server/watched-file.ts', 'server/yaml/', 'server/limits.ts', 'shared/'],
  'server/rules/': ['server/watched-file.ts', 'server/yaml/', 'server/limits.ts', 'shared/'],
  'server/http/': [
    'server/audit/',
    'server/auth/',
    'server/ingest/',
    'server/query/',
    'server/rules/',
    'server/store/',
    'server/tenants/',
    'server/caller-amounts.ts',
    'server/limits.ts',
    'shared/',
  ],
  'server/tenants/': ['server/ingest/', 'server/store/', 'server/workers/task.ts', 'server/limits.ts', 'shared/'],
  'server/workers/': ['server/limits.ts', 'shared/'],
  // server/app.ts, server/main.ts, server/tasks.ts and what else puts the parts together.
  'server/': ['server/', 'shared/'],
  // The page knows the server by its HTTP API.
  'web/search/': ['shared/'],
  'web/state/': ['web/search/', 'shared/'],
  'web/parts/': ['web/state/', 'web/search/', 'shared/'],
  'web/lines/': ['web/parts/', 'web/state/', 'web/search/', 'shared/'],
  'web/': ['web/', 'shared/'],
  'cli/limits.ts': [],
  'cli/flag-values/': ['cli/limits.ts', 'shared/'],
  'cli/': ['agent/', 'server/', 'shared/'],
};

function areaOf(path: string): string {
  const areas = Object.keys(MAY_IMPORT).filter((area) => isIn(path, area));
  return areas.toSorted((a, b) => b.length - a.length)[0]!;
}

/** The folder of a file, and all that it is in, from the root of the repository. */
function foldersAbove(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return [...parts, ''].map((_, i) => parts.slice(0, parts.length - i).join('/'));
}

/** Names and paths of sources in comments. */
function sourcesNamedIn(text: string): string[] {
  const comments = [...text.matchAll(/\/\*[^]*?\*\/|(?<=^|\s)\/\/.*/gm)].map(([comment]) => comment);
  return comments.flatMap((comment) =>
    [...comment.matchAll(/(?<![\w./@-])(?:\.\.?\/)*(?:[\w-]+\/)*[\w.-]+\.tsx?\b/g)].map(([name]) => name),
  );
}

function isIn(path: string, area: string): boolean {
  return area.endsWith('/') ? path.startsWith(area) : path === area;
}

test('imports are read as they are written', () => {
  const text = [
    "import 'a';",
    "import type { B } from './b.ts';",
    "import { c, type C } from '../c.ts';",
    'import {',
    '  d,',
    "} from '@scope/d/build';",
    // In two pieces, so that it is no import of this file.
    // Not to be taken for an import of this file.
    "const e = (await imp#ort('./e.ts')).e;".replace('#', ''),
    `const text = "import { f } from './f.ts'";`,
  ].join('\n');
  expect(importsOf('server/http/x.ts', text)).toEqual([
    { target: 'a', isPackage: true, loads: 'with-importer' },
    { target: 'server/http/b.ts', isPackage: false, loads: 'never' },
    { target: 'server/c.ts', isPackage: false, loads: 'with-importer' },
    { target: '@scope/d', isPackage: true, loads: 'with-importer' },
    { target: 'server/http/e.ts', isPackage: false, loads: 'when-run' },
  ]);
});

test('imports run one way: http → ingest | query → store → shared, kubernetes → ingest | store, engines → store, agent → shared', () => {
  const backwards = SOURCES.flatMap((path) => {
    const area = areaOf(path);
    const allowed = [area, ...MAY_IMPORT[area]!];
    return importsOfFile(path)
      .filter(({ target, isPackage }) => !isPackage && !allowed.some((each) => isIn(target, each)))
      .map(({ target }) => `${path} may not import ${target}`);
  });
  expect(backwards).toEqual([]);
});

test('of two areas that may import each other, one holds the other', () => {
  const mayImport = (from: string, to: string): boolean =>
    MAY_IMPORT[from]!.some((each) => isIn(to, each)) && !isIn(from, to) && !isIn(to, from);
  const areas = Object.keys(MAY_IMPORT);
  const reached = (from: string): ReadonlySet<string> => {
    const found = new Set(areas.filter((each) => mayImport(from, each)));
    for (const area of found) for (const next of areas) if (mayImport(area, next)) found.add(next);
    return found;
  };
  expect(areas.filter((area) => reached(area).has(area))).toEqual([]);
});

/** The walks that lead back to where they began. */
function circles<Node>(nodes: Iterable<Node>, next: (node: Node) => Iterable<Node>): string[] {
  const done = new Set<Node>();
  const found: string[] = [];
  const visit = (node: Node, trail: readonly Node[]): void => {
    if (trail.includes(node)) found.push([...trail.slice(trail.indexOf(node)), node].join(' → '));
    if (trail.includes(node) || done.has(node)) return;
    for (const each of next(node)) visit(each, [...trail, node]);
    done.add(node);
  };
  for (const node of nodes) visit(node, []);
  return found;
}

/** The files of the repository that a file imports. */
function targetsOf(path: string): string[] {
  const own = importsOfFile(path).filter(({ target, isPackage }) => !isPackage && FILES.has(target));
  return own.map(({ target }) => target);
}

test('circles are found, of any length', () => {
  const graph: Readonly<Record<string, readonly string[]>> = { a: ['b', 'c'], b: ['c'], c: ['d'], d: ['b'], e: ['e'] };
  expect(circles(Object.keys(graph), (node) => graph[node]!)).toEqual(['b → c → d → b', 'e → e']);
});

test('no import leads back to where it came from, not even one of types', () => {
  expect(circles(CODE, targetsOf)).toEqual([]);
});

/** The folder of a source; a file that the table above names is a room of its own. */
function roomOf(path: string): string {
  return Object.hasOwn(MAY_IMPORT, path) ? path : posix.dirname(path);
}

test('no room imports from one that imports from it, directly or through others, not even types', () => {
  const rooms = new Map<string, Set<string>>();
  for (const path of SOURCES) {
    const known = rooms.get(roomOf(path)) ?? new Set();
    rooms.set(roomOf(path), known);
    for (const room of targetsOf(path).map(roomOf)) if (room !== roomOf(path)) known.add(room);
  }
  expect(rooms.size).toBeGreaterThan(50);
  expect(circles(rooms.keys(), (room) => rooms.get(room) ?? [])).toEqual([]);
});

/** The files that are in memory once a file has been loaded, apart from those that it imports when something runs. */
function loadedWith(path: string): ReadonlySet<string> {
  const loaded = new Set([path]);
  for (const each of loaded) {
    const own = importsOfFile(each).filter(({ isPackage, loads }) => !isPackage && loads === 'with-importer');
    for (const { target } of own) loaded.add(target);
  }
  return loaded;
}

test.each<[path: string, without: readonly string[]]>([
  ['cli/main.ts', ['agent/', 'server/']],
  ['cli/agent.ts', ['server/']],
  ['cli/server.ts', ['agent/']],
])('%s loads nothing of %s', (path, without) => {
  const loaded = [...loadedWith(path)];
  expect(loaded.length).toBeGreaterThan(5);
  expect(loaded.filter((each) => without.some((area) => isIn(each, area)))).toEqual([]);
});

test('what is imported is there', () => {
  const missing = CODE.flatMap((path) =>
    importsOfFile(path)
      .filter(({ target, isPackage }) => !isPackage && !FILES.has(target))
      .map(({ target }) => `${path} imports ${target}`),
  );
  expect(missing).toEqual([]);
});

test('a source that a comment names is there: from the folder of the file or one above it, or it is imported', () => {
  const wrong = CODE.filter((path) => path !== OWN_PATH).flatMap((path) => {
    const targets = importsOfFile(path).map(({ target }) => `/${target}`);
    const isKnown = (name: string): boolean =>
      foldersAbove(path).some((folder) => FILES.has(posix.join(folder, name))) ||
      targets.some((target) => target.endsWith(`/${name}`));
    return sourcesNamedIn(FILES.get(path)!)
      .filter((name) => !isKnown(name))
      .map((name) => `${path} names ${name}`);
  });
  expect(wrong).toEqual([]);
});

test('names of sources are found in comments alone', () => {
  const text = "/** See a/b.ts and ../c.ts. */\nconst d = './d.ts'; // as e.ts has it; not https://x.y/f.ts";
  expect(sourcesNamedIn(text)).toEqual(['a/b.ts', '../c.ts', 'e.ts']);
});

test('no barrels: a name comes from the file that has it', () => {
  const barrels = CODE.filter(
    (path) => /\/index\.[jt]s$/.test(path) || /^export [^;=]* from '/m.test(FILES.get(path)!),
  );
  expect(barrels).toEqual([]);
});

test('what is exported, besides types, is used in another file', () => {
  const users = new Map<string, number>();
  for (const path of CODE.filter((each) => each !== OWN_PATH)) {
    for (const name of new Set(FILES.get(path)!.match(/\b[A-Za-z_$][\w$]*/g)))
      users.set(name, (users.get(name) ?? 0) + 1);
  }
  const spare = SOURCES.flatMap((path) =>
    [...FILES.get(path)!.matchAll(/^export (?:async )?(?:function\*?|const|let|(?:abstract )?class) (\w+)/gm)]
      .filter(([, name]) => users.get(name!) === 1)
      .map(([, name]) => `${path} ${name}`),
  );
  expect(spare).toEqual([]);
});

test('names are kebab-case and say what is inside', () => {
  const wrong = CODE.filter((path) => {
    const parts = path.replace(/(?:\.test|\.e2e\.test|\.config|\.e2e\.config)?\.[jt]sx?$/, '').split('/');
    return parts.some(
      (part) => !/^[a-z0-9]+(?:[.-][a-z0-9]+)*$/.test(part) || /^(?:utils?|helpers?|misc|common)$/.test(part),
    );
  });
  expect(wrong).toEqual([]);
});

const LINES_MAX = 350;
/** A file of the list below that has become shorter than this does not need to be there. */
const LONG_LINES_MIN = 300;
/** Longer sources, and why they are one file all the same. */
const LONG: Readonly<Record<string, string>> = {
  'cli/flags.ts': 'the flags of all commands but import in one file, in the order of help',
  'server/limits.ts': 'every limit of the server in one file, so that nobody has to look for one',
  'server/engines/embedded/core/store.ts':
    'one owner of what a snapshot shows: each change of it is one synchronous step here',
  'server/engines/embedded/lane/erasure/erasures.ts': 'the states of a job, and what each does after a crash',
  'server/store/line-pattern/fold-text.ts': 'one pass, whose steps share what they read and what was written last',
  'shared/row-group/encodings/integer.ts': 'writing, reading, searching and picking know the same planes',
  'shared/row-group/reader.ts': 'one class whose parts share the decoded header and pages',
};

test(`no source is longer than ${LINES_MAX} lines without a reason`, () => {
  const linesOf = (path: string): number => (FILES.get(path) ?? '').split('\n').length - 1;
  expect(SOURCES.filter((path) => linesOf(path) > LINES_MAX && LONG[path] === undefined)).toEqual([]);
  expect(Object.keys(LONG).filter((path) => linesOf(path) < LONG_LINES_MIN)).toEqual([]);
});

test('every limit is used', () => {
  const unused = ['agent/limits.ts', 'server/limits.ts', 'cli/limits.ts'].flatMap((path) => {
    const others = SOURCES.filter((other) => other !== path).map((other) => FILES.get(other)!);
    const names = [...FILES.get(path)!.matchAll(/^export const (\w+)/gm)].map(([, name]) => name!);
    expect(names).not.toEqual([]);
    return names.filter((name) => !others.some((text) => new RegExp(`\\b${name}\\b`).test(text)));
  });
  expect(unused).toEqual([]);
});

/** Packages that are not imported: a word of package.json's scripts or of tsconfig.json that they stand behind. */
const TOOLS: Readonly<Record<string, string>> = {
  node: 'node cli/podlog.js',
  typescript: 'tsc &&',
  oxlint: 'oxlint ',
  'oxlint-tsgolint': '--type-aware',
  prettier: 'prettier --check',
  '@types/node': '"types": ["node"]',
  '@types/ws': 'tsc &&',
  '@types/oidc-provider': 'tsc &&',
};

// It would load undici, see shared/http-module.ts.
test('no server and no agent imports node:http but for its types', () => {
  const importers = SOURCES.filter((path) =>
    importsOfFile(path).some(({ target, loads }) => /^node:https?$/.test(target) && loads === 'with-importer'),
  );
  expect(importers.filter((path) => !path.startsWith('web/'))).toEqual([]);
});

test('every dependency is used, and everything imported is a dependency', () => {
  const { dependencies, devDependencies } = JSON.parse(FILES.get('package.json')!) as Record<
    'dependencies' | 'devDependencies',
    Readonly<Record<string, string>>
  >;
  const packagesOf = (paths: readonly string[]): Set<string> => {
    const imports = paths.flatMap(importsOfFile).filter(({ isPackage }) => isPackage);
    return new Set(imports.map(({ target }) => target).filter((name) => !name.startsWith('node:')));
  };
  const imported = packagesOf(CODE);
  const settings = FILES.get('package.json')! + FILES.get('tsconfig.json')!;
  const unused = Object.keys({ ...dependencies, ...devDependencies }).filter(
    (name) => !imported.has(name) && !(TOOLS[name] !== undefined && settings.includes(TOOLS[name])),
  );
  expect(unused).toEqual([]);
  // Packages of the page are in its built files.
  const installed = SOURCES.filter((path) => !path.startsWith('web/'));
  expect([...packagesOf(installed)].filter((name) => dependencies[name] === undefined)).toEqual([]);
  expect([...imported].filter((name) => (dependencies[name] ?? devDependencies[name]) === undefined)).toEqual([]);
});

/** This file has to write down what the others may not have. */
const OWN_PATH = 'test/tidy/tidy.test.ts';

test.each([
  ['work that is left', /\b(?:TODO|FIXME|XXX|HACK)\b/],
  ['a folder of one machine', /(?<![\w.])\/(?:home|root|Users|work|opt)\//],
  [
    'the host of a package registry',
    /"resolved":|^\s*registry\s*=|https?:\/\/[\w.-]*(?:npmjs|registry|jfrog|artifactory|nexus)[\w.-]*\/(?!package)/,
  ],
])('no file has %s', (_what, pattern) => {
  const found = [...FILES]
    .filter(([path]) => path !== OWN_PATH)
    .flatMap(([path, text]) => {
      const line = text.split('\n').find((each) => pattern.test(each));
      return line === undefined ? [] : [`${path}: ${line.trim().slice(0, 120)}`];
    });
  expect(found).toEqual([]);
});
