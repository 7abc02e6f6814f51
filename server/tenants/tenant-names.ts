/** The header by which clients of Loki name tenants: `shop`, or `shop|bank` for the lines of several. */
import { PodlogError } from '../../shared/errors.ts';
import { isTenantName, TENANT_NAME_CHARS_MAX } from '../../shared/tenant-name.ts';

/** Returns each name once, sorted; undefined without the header. @throws PodlogError */
export function tenantNamesIn(header: string | string[] | undefined): readonly string[] | undefined {
  const text = [header ?? ''].flat().join('|');
  if (text === '') return undefined;
  const names = text.split('|');
  for (const name of names) assertName(name);
  return [...new Set(names)].toSorted();
}

function assertName(name: string): void {
  if (isTenantName(name)) return;
  const shown = JSON.stringify(name.slice(0, 200));
  const message = `tenant ID ${shown} is not valid: up to ${TENANT_NAME_CHARS_MAX} letters, digits and ! - _ . * ' ( ), but neither . nor ..; several are separated by |`;
  throw new PodlogError('PODLOG_BAD_TENANT', 400, message);
}
