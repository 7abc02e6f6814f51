#!/usr/bin/env node
/**
 * Starts the podlog command with little memory. In JavaScript, because to read one TypeScript file takes Node's
 * compiler, which is 30 MB a thread; from the compile cache the sources come without it.
 *
 * The process replaces itself by one with the settings below, and keeps its pid:
 * - the compile cache, for the threads too. Where it cannot be written it is only read.
 * - a small young generation: most of what podlog handles are buffers, which are not in it.
 * - the young generation is collected by its own thread: to wake others takes longer than to copy what lives of 2 MB, and
 *   on cores that are busy it waits for them, for milliseconds.
 * - a garbage collector that can be called: an agent gives back what a busy time has left.
 * - for an agent, one optimizing compiler instead of two: its loops are few and run for long, and Maglev takes memory.
 * - WebAssembly as it comes: undici's HTTP parser, for a few requests a minute, is not worth the memory that it takes to
 *   optimize it. Nor are its calls of JavaScript: when V8 replaces their wrappers by optimized ones, it may end the process
 *   (nodejs/node#64500).
 * - one arena of malloc for all threads: each would keep its own free memory.
 * - large pieces of memory go back to the system when they are freed. Left to itself malloc keeps pieces of up to 32 MB
 *   for itself once one was freed, as a server under intake and heavy queries does all the time. Aggregations take
 *   somewhat more CPU time for it.
 */
import { fileURLToPath } from 'node:url';

const YOUNG_GENERATION = '--max-semi-space-size=2';
const isAgent = process.argv[2] === 'agent';
const ofRole = isAgent ? ['--no-maglev'] : [];
const WASM_AS_IT_COMES = ['--liftoff-only', '--wasm-wrapper-tiering-budget=1000000000'];
const options = [YOUNG_GENERATION, '--no-parallel-scavenge', '--expose-gc', ...WASM_AS_IT_COMES, ...ofRole];
const settings = {
  NODE_COMPILE_CACHE: fileURLToPath(new URL('../node_modules/.cache/podlog', import.meta.url)),
  MALLOC_ARENA_MAX: '1',
  MALLOC_MMAP_THRESHOLD_: String(128 * 1024),
};

if (!process.features.typescript) {
  const command = process.argv.slice(2).join(' ');
  process.stderr.write(
    `podlog: this is Node ${process.version}, and podlog needs 24, which npm ci has fetched: npm run podlog -- ${command}\n`,
  );
  process.exit(1);
}
if (process.execve !== undefined && !process.execArgv.includes(YOUNG_GENERATION)) {
  const args = [process.execPath, ...options, ...process.execArgv, ...process.argv.slice(1)];
  process.execve(process.execPath, args, { ...settings, ...process.env });
}
await import('./main.ts');
