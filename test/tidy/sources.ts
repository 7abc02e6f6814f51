/** The files of the repository as text, and what they import, types included, for the rules in tidy.test.ts. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** What npm, git, the bench and `npm start` leave behind. */
const NOT_OURS: ReadonlySet<string> = new Set(['.git', 'node_modules', 'data']);
/** Built from `web`. */
const BUILT = 'web/dist';

export interface Import {
  /** The file that it leads to, from the root of the repository; or the name of a package. */
  readonly target: string;
  readonly isPackage: boolean;
  /** An import of types alone is erased. */
  readonly loads: 'with-importer' | 'when-run' | 'never';
}

/** Path from the root of the repository, with slashes → text. */
export function readRepository(): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  const walk = (folder: string): void => {
    for (const entry of readdirSync(join(ROOT, folder), { withFileTypes: true })) {
      const path = posix.join(folder, entry.name);
      if (NOT_OURS.has(entry.name) || path === BUILT) continue;
      if (entry.isDirectory()) walk(path);
      // An image has no words.
      else if (entry.isFile()) files.set(path, path.endsWith('.png') ? '' : readFileSync(join(ROOT, path), 'utf8'));
    }
  };
  walk('');
  return files;
}

export function isCode(path: string): boolean {
  return /\.[jt]sx?$/.test(path);
}

/** Code that runs in production, in the cluster or in a browser. */
export function isSource(path: string): boolean {
  return isCode(path) && /^(?:agent|cli|server|shared|web)\//.test(path);
}

const IMPORT = /^(?:import|export)\s+(type\s)?(?:[^'";]*?\sfrom\s)?'([^']+)'|import\('([^']+)'\)/gm;

export function importsOf(path: string, text: string): Import[] {
  return [...text.matchAll(IMPORT)].map(([, types, from, dynamic]) => {
    const name = from ?? dynamic!;
    const isPackage = !name.startsWith('.');
    return {
      target: isPackage ? packageName(name) : posix.join(dirname(path), name),
      isPackage,
      loads: from === undefined ? 'when-run' : types === undefined ? 'with-importer' : 'never',
    };
  });
}

/** `@grpc/grpc-js` of `@grpc/grpc-js/build`, `vitest` of `vitest/config`. */
function packageName(name: string): string {
  return name
    .split('/')
    .slice(0, name.startsWith('@') ? 2 : 1)
    .join('/');
}
