/** Names of nodes: those of Kubernetes, and whatever else an operator calls a machine. */

/** Longest DNS name. */
const NODE_NAME_CHARS_MAX = 253;

/**
 * Whether a text may be a node's name: neither empty nor with a slash, because the server itself uses such names (see
 * server/ingest/positions.ts).
 */
export function isNodeName(text: string): boolean {
  return text.length <= NODE_NAME_CHARS_MAX && /^[^\s/\p{Cc}]+$/u.test(text);
}
