/** Names of nodes: as Kubernetes has them, and whatever else an operator calls a machine. */

/** A DNS name ends at 253 characters. */
const NODE_NAME_CHARS_MAX = 253;

/** Neither empty nor with a slash: such names are the server's own (see server/ingest/positions.ts). */
export function isNodeName(text: string): boolean {
  return text.length <= NODE_NAME_CHARS_MAX && /^[^\s/\p{Cc}]+$/u.test(text);
}
