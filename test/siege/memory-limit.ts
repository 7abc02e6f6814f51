/** Puts a process under a limit of memory, as its pod is: by a cgroup of its own, of version 1 or 2. */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { POD_MEMORY_BYTES } from '../../server/limits.ts';

const HIERARCHIES = [
  { root: '/sys/fs/cgroup/memory', limit: 'memory.limit_in_bytes', kills: 'memory.oom_control' },
  { root: '/sys/fs/cgroup', limit: 'memory.max', kills: 'memory.events' },
];

export interface MemoryLimit {
  /** Whether the kernel has killed a process for memory. */
  hasKilled(): boolean;
  /** Once its processes have ended. */
  remove(): void;
}

/** Undefined where this machine does not let us, or has no cgroups. */
export function limitMemory(pid: number, bytesMax = POD_MEMORY_BYTES): MemoryLimit | undefined {
  for (const { root, limit, kills } of HIERARCHIES) {
    if (!existsSync(join(root, 'cgroup.procs'))) continue;
    const group = join(root, `podlog-siege-${pid}`);
    try {
      mkdirSync(group);
      writeFileSync(join(group, limit), String(bytesMax));
      writeFileSync(join(group, 'cgroup.procs'), String(pid));
    } catch {
      if (existsSync(group)) rmdirSync(group);
      continue;
    }
    return {
      hasKilled: () => Number(/^oom_kill (\d+)$/m.exec(readFileSync(join(group, kills), 'utf8'))?.[1] ?? 0) > 0,
      remove: () => rmdirSync(group),
    };
  }
  return undefined;
}
