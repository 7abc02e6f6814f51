/**
 * Container images without a registry: a folder becomes a docker-archive tar, which `ctr images import` takes.
 *
 *     image.tar:  manifest.json   [{ Config, RepoTags, Layers }]
 *                 config.json     architecture, command, and the digest of the layer
 *                 layer.tar       the root file system
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  copyFileSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

export const PAUSE_IMAGE = 'podlog.test/pause:1';
export const BUSYBOX_IMAGE = 'podlog.test/busybox:1';

/** What the workload's script calls; `printf` and `[` are built into busybox's shell. */
const APPLETS = ['sh', 'sleep', 'cat'];
/** The sandbox's first process sleeps until it is told to go. A shell that waits, unlike one that sleeps, hears a signal. */
const PAUSE = ['/bin/sh', '-c', 'trap "exit 0" TERM INT; while :; do sleep 3600 & wait $!; done'];

export interface Image {
  readonly name: string;
  /** A folder that holds the root file system. */
  readonly root: string;
  readonly entrypoint: readonly string[];
  readonly env?: readonly string[];
  readonly workingDir?: string;
}

/** The sandbox image and the workload image, as tars in `dir`. Both are the machine's static busybox. */
export function writeTestImages(dir: string): { name: string; tar: string }[] {
  const root = join(dir, 'busybox');
  mkdirSync(join(root, 'bin'), { recursive: true });
  copyFileSync(findOnPath('busybox')!, join(root, 'bin/busybox'));
  for (const applet of APPLETS) symlinkSync('busybox', join(root, 'bin', applet));
  const images = [
    { name: PAUSE_IMAGE, root, entrypoint: PAUSE },
    { name: BUSYBOX_IMAGE, root, entrypoint: ['/bin/sh'] },
  ];
  const written = images.map((image) => ({ name: image.name, tar: writeImage(dir, image) }));
  rmSync(root, { recursive: true });
  return written;
}

/** Writes the image into `dir` and returns the path of its tar. */
export function writeImage(dir: string, image: Image): string {
  const parts = join(dir, image.name.replaceAll(/[/:]/g, '-'));
  mkdirSync(parts);
  tar(image.root, join(parts, 'layer.tar'));
  const layerDigest = createHash('sha256')
    .update(readFileSync(join(parts, 'layer.tar')))
    .digest('hex');
  const config = {
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    config: { Entrypoint: image.entrypoint, Env: image.env ?? ['PATH=/bin'], WorkingDir: image.workingDir ?? '/' },
    rootfs: { type: 'layers', diff_ids: [`sha256:${layerDigest}`] },
  };
  const manifest = [{ Config: 'config.json', RepoTags: [image.name], Layers: ['layer.tar'] }];
  writeFileSync(join(parts, 'config.json'), JSON.stringify(config));
  writeFileSync(join(parts, 'manifest.json'), JSON.stringify(manifest));
  tar(parts, `${parts}.tar`);
  rmSync(parts, { recursive: true });
  return `${parts}.tar`;
}

/** The executable's path, or undefined. A root shell without /sbin in its PATH is common, hence the additions. */
export function findOnPath(name: string): string | undefined {
  const dirs = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
  return dirs.map((dir) => join(dir, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function tar(root: string, file: string): void {
  execFileSync('tar', [
    '--create',
    '--numeric-owner',
    '--owner=0',
    '--group=0',
    '--file',
    file,
    '--directory',
    root,
    '.',
  ]);
}
