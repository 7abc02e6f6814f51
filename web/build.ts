/**
 * Builds the page into `web/dist`, which is committed, so that a server runs without a build: `npm run build`, or into another folder. Each file is there
 * as it is, and compressed with brotli, which is what browsers ask for over TLS and on localhost.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants } from 'node:zlib';
import { build } from 'vite';

const ROOT = fileURLToPath(new URL('.', import.meta.url));

async function buildPage(folder: string): Promise<void> {
  await build({
    root: ROOT,
    configFile: false,
    logLevel: 'warn',
    build: {
      outDir: folder,
      emptyOutDir: true,
      target: 'es2024',
      // A URL of data would need an exception in the policy of content.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      reportCompressedSize: false,
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
