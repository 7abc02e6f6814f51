/** The condition of a query about the label `service_name`, which streams do not have as they are stored. */
import { SERVICE_NAME, SERVICE_NAME_SOURCES, UNKNOWN_SERVICE } from '../../../shared/service-name.ts';
import { allOf, anyOf, leafOf, not, type Where } from '../../store/predicate.ts';

/** Returns the condition that whichever label makes the name passes. */
export function serviceNameWhere(passes: (label: string) => Where, isPassed: (value: string) => boolean): Where {
  let where: Where = isPassed(UNKNOWN_SERVICE) ? allOf([]) : anyOf([]);
  for (const name of [SERVICE_NAME, ...SERVICE_NAME_SOURCES].toReversed()) {
    const has = leafOf(`label.${name}`, [{ kind: 'exists' }]);
    where = anyOf([allOf([has, passes(name)]), allOf([not(has), where])]);
  }
  return where;
}
