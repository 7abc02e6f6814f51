/**
 * podlog's own image, without Docker and without a registry: the Dockerfile's instructions carried out on a root file
 * system that holds a shell, the Node that runs the tests, and the libraries that it is linked with.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, copyFileSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { assembleWorkingDir, imageConfig, readDockerfile, type ImageConfig } from '../manifests/docker-image.ts';
import { findOnPath, writeImage } from './images.ts';

export const PODLOG_IMAGE = 'podlog.test/podlog:1';
const PATH = 'PATH=/usr/local/bin:/bin';

/** Writes the image's tar into `dir` and returns its path. */
export function writePodlogImage(dir: string): string {
  const root = join(dir, 'podlog');
  const config = imageConfig(readDockerfile());
  makeBase(root);
  assembleWorkingDir(join(root, config.workingDir), config);
  for (const run of config.runs) runIn(root, config.workingDir, run);
  const tar = writeImage(dir, {
    name: PODLOG_IMAGE,
    root,
    entrypoint: config.entrypoint,
    env: [PATH, ...config.env],
    workingDir: config.workingDir,
  });
  rmSync(root, { recursive: true });
  return tar;
}

/** Stands for the base image: what the Dockerfile's commands and podlog use of it. */
function makeBase(root: string): void {
  for (const dir of ['bin', 'dev', 'proc', 'tmp', 'usr/local/bin']) mkdirSync(join(root, dir), { recursive: true });
  chmodSync(join(root, 'tmp'), 0o1777);
  copyFileSync(findOnPath('busybox')!, join(root, 'bin/busybox'));
  for (const applet of ['sh', 'mkdir', 'chown', 'ln']) symlinkSync('busybox', join(root, 'bin', applet));
  execFileSync('mknod', ['--mode=666', join(root, 'dev/null'), 'c', '1', '3']);
  copyFileSync(process.execPath, join(root, 'usr/local/bin/node'));
  for (const library of librariesOf(process.execPath)) {
    mkdirSync(dirname(join(root, library)), { recursive: true });
    copyFileSync(library, join(root, library));
  }
}

/** The mount of /proc and whatever the command leaves running end with their namespaces. */
function runIn(root: string, workingDir: string, { command, user, env }: ImageConfig['runs'][number]): void {
  const namespaces = ['--fork', '--pid', '--kill-child', `--mount-proc=${join(root, 'proc')}`];
  const shell = [findOnPath('chroot')!, `--userspec=${user}`, root, '/bin/sh', '-c', `cd ${workingDir} && ${command}`];
  execFileSync('unshare', [...namespaces, 'env', '--ignore-environment', PATH, ...env, ...shell]);
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
