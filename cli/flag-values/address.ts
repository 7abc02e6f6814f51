/** Addresses that a flag may have: where to listen, and URLs of servers. */
import { parsePath } from './path.ts';

/** Where to listen. IPv6 addresses come without their brackets. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

export function parseListen(text: string): ListenAddress {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:\s[\]/]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) {
    throw new RangeError('must be an address and a port, such as 127.0.0.1:3100 or [::1]:3100');
  }
  return { host: match[1] ?? (match[2] === '' ? '0.0.0.0' : match[2]!), port };
}

export function parseOptionalListen(text: string): ListenAddress | undefined {
  return text === 'off' ? undefined : parseListen(text);
}

export function parseUrl(text: string): string {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
    throw new RangeError('must be an http or https URL, such as http://podlog:3100');
  }
  return text.replace(/\/+$/, '');
}

/** Parses where the Kubernetes API is: a URL, the path of a kubeconfig, or a word that says where to find one of them. */
export function parseApi(text: string): string {
  if (/^(?:auto|off|in-cluster)$/.test(text)) return text;
  return /^https?:/.test(text) ? parseUrl(text) : parsePath(text);
}
