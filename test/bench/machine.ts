/** The machine in words, because a figure without its machine says nothing. */
import { closeSync, fdatasyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { quantile } from './figure.ts';

export interface Machine {
  readonly cpu: string;
  readonly coreCount: number;
  readonly memoryGigabytes: number;
  readonly kernel: string;
  readonly node: string;
  /** Processes that wanted to run during the last minute: above 0.5 or so, others spoil the figures. */
  readonly load: number;
  readonly fileSystem: string;
  /** Of 4 KiB written and fdatasynced, in ms. */
  readonly fsyncP50Ms: number;
  readonly fsyncP99Ms: number;
}

const FSYNC_COUNT = 100;

/** @param dir  on the disk that the measurements use */
export function describeMachine(dir: string): Machine {
  const fsyncMs = measureFsync(join(dir, 'fsync'));
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    coreCount: cpus().length,
    memoryGigabytes: Math.round(totalmem() / 1e9),
    kernel: release(),
    node: process.version,
    load: loadavg()[0]!,
    fileSystem: fileSystemOf(dir),
    fsyncP50Ms: quantile(fsyncMs, 0.5),
    fsyncP99Ms: quantile(fsyncMs, 0.99),
  };
}

export function machineText(machine: Machine): string {
  const { cpu, coreCount, memoryGigabytes, kernel, node, load, fileSystem, fsyncP50Ms, fsyncP99Ms } = machine;
  return [
    `${cpu}, ${coreCount} cores, ${memoryGigabytes} GB, Linux ${kernel}, Node ${node}, load ${load.toFixed(1)} before`,
    `${fileSystem}, fdatasync of 4 KiB: p50 ${fsyncP50Ms.toFixed(2)} ms, p99 ${fsyncP99Ms.toFixed(2)} ms`,
  ].join('\n');
}

function measureFsync(path: string): number[] {
  const file = openSync(path, 'w');
  const page = Buffer.alloc(4096, 0x61);
  const samples: number[] = [];
  for (let i = 0; i < FSYNC_COUNT; i++) {
    const startMs = performance.now();
    writeSync(file, page);
    fdatasyncSync(file);
    samples.push(performance.now() - startMs);
  }
  closeSync(file);
  return samples;
}

/** `ext4 on /`: the longest mount point that the folder lies below. */
function fileSystemOf(dir: string): string {
  const mounts = readFileSync('/proc/mounts', 'utf8').split('\n');
  let best = { point: '', text: 'unknown file system' };
  for (const mount of mounts) {
    const [, point = '', type = ''] = mount.split(' ');
    const below = point === '/' || dir === point || dir.startsWith(`${point}/`);
    if (below && point.length >= best.point.length) best = { point, text: `${type} on ${point}` };
  }
  return best.text;
}
