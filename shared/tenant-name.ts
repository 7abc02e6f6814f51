/** The label of lines of several tenants, as Loki has it. */
export const TENANT_LABEL = '__tenant_id__';

/** Names of tenants, as Loki takes them; each is the name of a folder. */
const NAME = /^[a-zA-Z0-9!\-_.*'()]{1,150}$/;

export function isTenantName(text: string): boolean {
  return NAME.test(text) && text !== '.' && text !== '..';
}
