/**
 * podlog's own image, without Docker and without a registry: what the Dockerfile copies, on a root file system that
 * holds the Node that runs the tests and the libraries that it is linked with.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { assembleWorkingDir, imageConfig, readDockerfile } from '../manifests/docker-image.ts';
import { writeImage } from './images.ts';

export const PODLOG_IMAGE = 'podlog.test/podlog:1';

/** Writes the image's tar into `dir` and returns its path. */
export function writePodlogImage(dir: string): string {
  const root = join(dir, 'podlog');
  const config = imageConfig(readDockerfile());
  mkdirSync(join(root, 'usr/local/bin'), { recursive: true });
  copyFileSync(process.execPath, join(root, 'usr/local/bin/node'));
  for (const library of librariesOf(process.execPath)) {
    mkdirSync(dirname(join(root, library)), { recursive: true });
    copyFileSync(library, join(root, library));
  }
  assembleWorkingDir(join(root, config.workingDir), config);
  const tar = writeImage(dir, {
    name: PODLOG_IMAGE,
    root,
    entrypoint: config.entrypoint,
    env: ['PATH=/usr/local/bin', ...config.env],
    workingDir: config.workingDir,
  });
  rmSync(root, { recursive: true });
  return tar;
}

/** Shared libraries and the loader, by their paths: `libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x…)`. */
function librariesOf(program: string): string[] {
  const lines = execFileSync('ldd', [program], { encoding: 'utf8' }).split('\n');
  return lines.flatMap((line) => /(\/\S+) \(0x/.exec(line)?.[1] ?? []);
}

/** A volume as kubelet hands it to a pod's fsGroup. */
export function makeVolume(dir: string, group: number): void {
  mkdirSync(dir);
  chownSync(dir, 0, group);
  chmodSync(dir, 0o2775);
}
