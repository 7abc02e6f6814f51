/**
 * Builds the page into `web/dist`, which is committed, so that a server runs without a build: `npm run build`, or into another folder. Each file is there
 * as it is, and compressed with brotli, which is what browsers ask for over TLS and on localhost.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants } from 'node:zlib';
import { build, type Plugin } from 'vite';

const ROOT = fileURLToPath(new URL('.', import.meta.url));

/** What the entry imports without waiting for a view to be shown. It is one file: many small ones compress badly. */
class FirstLoad {
  readonly #importedBy = new Map<string, readonly string[]>();
  readonly #entries: string[] = [];
  #ids: Set<string> | undefined;

  readonly plugin: Plugin = {
    name: 'first-load',
    moduleParsed: ({ id, importedIds, isEntry }) => {
      this.#importedBy.set(id, importedIds);
      if (isEntry) this.#entries.push(id);
    },
  };

  readonly has = (id: string): boolean => {
    this.#ids ??= this.#reached();
    return this.#ids.has(id);
  };

  #reached(): Set<string> {
    const ids = new Set(this.#entries);
    // A set yields what is added to it meanwhile.
    for (const id of ids) for (const imported of this.#importedBy.get(id) ?? []) ids.add(imported);
    return ids;
  }
}

async function buildPage(folder: string): Promise<void> {
  const firstLoad = new FirstLoad();
  await build({
    root: ROOT,
    configFile: false,
    logLevel: 'warn',
    plugins: [firstLoad.plugin],
    build: {
      outDir: folder,
      emptyOutDir: true,
      target: 'es2024',
      // A URL of data would need an exception in the policy of content.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      reportCompressedSize: false,
      rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'page', test: firstLoad.has }] } } },
    },
  });
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const params = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };
    await writeFile(`${path}.br`, brotliCompressSync(await readFile(path), { params }));
  }
}

// Tests build with another value, which would keep the checks of development.
process.env['NODE_ENV'] = 'production';
await buildPage(process.argv[2] ?? join(ROOT, 'dist'));
