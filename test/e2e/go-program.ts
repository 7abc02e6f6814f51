/** A program of others that is built from its Go module, once for a machine. */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { findOnPath } from './images.ts';

export interface GoProgram {
  readonly path: string;
  /** Why this machine can't have it, or undefined when it can. */
  unavailable(): string | undefined;
  /** A minute or two, the first time. */
  build(): Promise<void>;
}

/** @param command  the import path of its main package */
export function goProgram(command: string, version: string): GoProgram {
  // The last part of a path may be the major version.
  const name = basename(command.replace(/\/v\d+$/, ''));
  const dir = join(homedir(), '.cache', 'podlog-test', `${name}-${version}`);
  const path = join(dir, name);
  return {
    path,
    unavailable: () =>
      existsSync(path) || findOnPath('go') !== undefined ? undefined : `go not found, to build ${name}`,
    build: async () => {
      if (existsSync(path)) return;
      mkdirSync(dir, { recursive: true });
      const env = { ...process.env, GOBIN: dir, GOFLAGS: '-buildvcs=false' };
      await promisify(execFile)('nice', ['-n', '19', findOnPath('go')!, 'install', `${command}@v${version}`], { env });
    },
  };
}
