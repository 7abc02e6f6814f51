/** The flags that only `podlog import` takes. */
import type { Flag } from './flag.ts';
import { parseUrl } from './flag-values/address.ts';
import { type GivenTime, parseOrgId, parseSelector, parseSince, parseUntil } from './flag-values/import.ts';
import { parseOptionalPath, parsePath } from './flag-values/path.ts';

export const from: Flag<string> = {
  name: 'from',
  commands: ['import'],
  placeholder: 'url',
  defaultText: 'http://127.0.0.1:3100',
  help: 'the Loki whose lines are read',
  parse: parseUrl,
};

export const fromTokenFile: Flag<string | undefined> = {
  name: 'from-token-file',
  commands: ['import'],
  placeholder: 'file',
  defaultText: 'none',
  help: 'holds the token that Loki asks for, or user:password',
  parse: parseOptionalPath,
};

export const orgId: Flag<string | undefined> = {
  name: 'org-id',
  commands: ['import'],
  placeholder: 'tenant',
  defaultText: 'none',
  help: 'X-Scope-OrgID for Loki',
  parse: parseOrgId,
};

export const toTenant: Flag<string | undefined> = {
  name: 'to-tenant',
  commands: ['import'],
  placeholder: 'tenant',
  defaultText: 'none',
  help: 'X-Scope-OrgID for podlog',
  parse: parseOrgId,
};

export const selector: Flag<string | undefined> = {
  name: 'selector',
  commands: ['import'],
  placeholder: '{…}',
  defaultText: 'all',
  help: 'the streams, such as {namespace="shop"}',
  parse: parseSelector,
};

export const since: Flag<GivenTime> = {
  name: 'since',
  commands: ['import'],
  placeholder: 'time',
  defaultText: '30d',
  help: 'the oldest lines: an age or an RFC 3339 time',
  parse: parseSince,
};

export const until: Flag<GivenTime> = {
  name: 'until',
  commands: ['import'],
  placeholder: 'time',
  defaultText: 'now',
  help: 'the lines before: an age, a time, or now',
  parse: parseUntil,
};

export const state: Flag<string> = {
  name: 'state',
  commands: ['import'],
  placeholder: 'file',
  defaultText: 'loki-import.json',
  help: 'how far it is; the same command goes on from there',
  parse: parsePath,
};

/** In the order in which help lists them. */
export const IMPORT_FLAGS: readonly Flag<unknown>[] = [
  from,
  fromTokenFile,
  orgId,
  toTenant,
  selector,
  since,
  until,
  state,
];
