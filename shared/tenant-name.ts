/** The header by which clients name tenants. */
export const TENANT_HEADER = 'x-scope-orgid';
/** The label of lines of several tenants, as Loki has it. */
export const TENANT_LABEL = '__tenant_id__';

export const TENANT_NAME_CHARS_MAX = 150;
/** Names of tenants, as Loki takes them; each is the name of a folder. */
const NAME = /^[a-zA-Z0-9!\-_.*'()]+$/;

export function isTenantName(text: string): boolean {
  return text.length <= TENANT_NAME_CHARS_MAX && NAME.test(text) && text !== '.' && text !== '..';
}
