/** What `podlog import` runs with. Loaded with every command, so it loads nothing of an import. */
import { UsageError } from '../shared/errors.ts';
import type { GivenTime } from './flag-values/import.ts';
import type { ReadFlag } from './flag.ts';
import * as own from './import-flags.ts';
import * as flags from './flags.ts';

export interface ImportOptions {
  readonly from: string;
  readonly fromTokenFile: string | undefined;
  readonly orgId: string | undefined;
  readonly server: string;
  readonly tokenFile: string | undefined;
  readonly toTenant: string | undefined;
  /** Undefined for all streams. */
  readonly selector: string | undefined;
  readonly since: GivenTime;
  readonly until: GivenTime;
  readonly statePath: string;
}

export function importOptions(read: ReadFlag): ImportOptions {
  return {
    from: read(own.from),
    fromTokenFile: read(own.fromTokenFile),
    orgId: read(own.orgId),
    server: read(flags.server),
    tokenFile: read(flags.tokenFile),
    toTenant: read(own.toTenant),
    selector: read(own.selector),
    since: read(own.since),
    until: read(own.until),
    statePath: read(own.state),
  };
}

/** Returns the flags after `loki`, which is the only source. @throws UsageError */
export function withoutSource(args: readonly string[]): readonly string[] {
  const [source, ...rest] = args;
  if (source === 'loki') return rest;
  if (source === '--help' || source === '-h') return args;
  throw new UsageError('podlog import needs what to import from: podlog import loki --from http://loki:3100');
}
