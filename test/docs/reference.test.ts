/** The reference is complete: what the code has, the documents list. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { environmentName } from '../../cli/flag.ts';
import { FLAGS } from '../../cli/flags.ts';
import { readRepository } from '../tidy/sources.ts';

/** Words of these chapters that look like names of files. */
const NO_FILES: ReadonlySet<string> = new Set(['limit', 'fdatasync', 'finally']);

/** Rows of the first table of a document whose head begins with this cell, without backquotes. */
function rowsOf(path: string, firstCell: string): string[][] {
  const text = readFileSync(path, 'utf8');
  const table = text.slice(text.search(new RegExp(`^\\| ${firstCell} `, 'm'))).split('\n\n')[0]!;
  return table
    .split('\n')
    .slice(2)
    .map((row) => [...row.matchAll(/ ((?:\\\||[^|])*?) +\|/g)].map(([, cell]) => cell!.replaceAll('`', '')));
}

test('every flag, with its environment variable, its commands and its default', () => {
  const rows = rowsOf('docs/operations.md', 'flag');
  const documented = rows.map((cells) => cells.slice(0, 4).join(' | ')).toSorted();
  const wanted = FLAGS.map((flag) => {
    const value = flag.name === 'node' ? "the host's name" : flag.defaultText;
    return [`--${flag.name}`, environmentName(flag), flag.commands.join(', '), value].join(' | ');
  });
  expect(documented).toEqual(wanted.toSorted());
  expect(rows.filter((cells) => (cells[4] ?? '').length < 10)).toEqual([]);
});

test('every route, with its scope', () => {
  const guard = readFileSync('server/http/guard.ts', 'utf8');
  const routes = [...guard.matchAll(/^ {2}'([A-Z]+) (\/[^']*)': '([a-z ]+)',$/gm)];
  expect(routes.length).toBeGreaterThan(15);
  const rows = rowsOf('docs/api.md', 'route');
  const missing = routes.filter(([, method, route, permission]) => {
    const path = route!.replaceAll(/:(\w+)/g, '{$1}');
    const scope = { open: 'none', 'read all': 'read' }[permission!] ?? permission!;
    return !rows.some(([named, scopes]) => {
      const paths = named!.split(/[\s,[\]()]+/);
      return paths.includes(path) && paths.includes(method!) && scopes!.includes(scope);
    });
  });
  expect(missing.map(([route]) => route.trim())).toEqual([]);
});

test('files that the chapters of ARCHITECTURE name exist', () => {
  const text = readFileSync('ARCHITECTURE.md', 'utf8');
  const chapters =
    text.slice(text.indexOf('### A line'), text.indexOf('## Threads')) +
    text.slice(text.indexOf('## The folders'), text.indexOf('## Decisions'));
  const named = new Set(
    [...chapters.matchAll(/`(?:[a-z-]+\/)*([a-z][a-z0-9-]*)(?:\/|\.ts)?`/g)].map(([, name]) => name!),
  );
  const parts = new Set([...readRepository().keys()].flatMap((path) => path.replace(/\.tsx?$/, '').split('/')));
  expect(named.size).toBeGreaterThan(60);
  expect([...named].filter((name) => !parts.has(name) && !NO_FILES.has(name))).toEqual([]);
});

test('paths that the decisions of ARCHITECTURE and docs/ name exist', () => {
  const files = readRepository();
  const paths = [...files.keys()].map((path) => `/${path}`);
  const named = [...files].flatMap(([document, text]) =>
    /^(?:ARCHITECTURE\.md|docs\/)/.test(document)
      ? [...text.matchAll(/`((?:[a-z][a-z0-9-]*\/)+[a-z][a-z0-9-]*(?:\.[a-z]+)*)`/g)].map(([, path]) => path!)
      : [],
  );
  expect(named.length).toBeGreaterThan(20);
  const isThere = (path: string): boolean => paths.some((each) => each.includes(`/${path}`));
  expect(named.filter((path) => !isThere(path) && !/^(?:text|application|podlog)\//.test(path))).toEqual([]);
});
