/** Names that a flag may have: of nodes, fields, accounts and pod labels. */
import { labelName } from '../../shared/labels.ts';
import { LEVEL } from '../../shared/levels.ts';
import { isNodeName } from '../../shared/node-name.ts';
import { INDEX_FIELDS_MAX, POD_LABELS_MAX } from '../limits.ts';

/** Labels that lines have in any case. */
const OWN_LABELS: readonly string[] = [
  'namespace',
  'pod',
  'container',
  'stream',
  'node',
  'app',
  'component',
  'owner',
  'source',
];

/** A label's key in Kubernetes: an optional DNS prefix, and a name. */
const POD_LABEL_KEY = /^(?:[a-z0-9.-]{1,253}\/)?[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/;

export function parseNodeName(text: string): string {
  if (!isNodeName(text))
    throw new RangeError('must be a name without spaces and slashes, as `kubectl get nodes` shows it');
  return text;
}

/** Parses the name of a namespace or a Service. */
export function parseObjectName(text: string): string {
  if (!/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(text)) {
    throw new RangeError('must be a name as Kubernetes has them: up to 63 lower-case letters, digits and hyphens');
  }
  return text;
}

/** Parses field names, separated by commas, or `none`. `level` is left out: several fields answer it, so no index is asked. */
export function parseFieldNames(text: string): readonly string[] {
  const names = text === 'none' ? [] : text.split(',').map((name) => name.trim());
  if (names.includes('') || names.length > INDEX_FIELDS_MAX) {
    throw new RangeError(
      `must be none, or up to ${INDEX_FIELDS_MAX} names separated by commas, such as request_id,user_id`,
    );
  }
  return [...new Set(names)].filter((name) => name !== LEVEL);
}

export function parseServiceAccounts(text: string): readonly string[] {
  const names = text.split(',').map((name) => name.trim());
  const name = '[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?';
  if (!names.every((each) => new RegExp(`^(?:${name}/)?${name}$`).test(each))) {
    throw new RangeError('must be namespaces and names, separated by commas, such as podlog/podlog-agent');
  }
  return names;
}

/** Parses keys of pod labels, no two of which may give lines the same label. */
export function parsePodLabels(text: string): readonly string[] {
  const keys = text === 'none' ? [] : [...new Set(text.split(',').map((key) => key.trim()))];
  const wrong = keys.find((key) => !POD_LABEL_KEY.test(key));
  if (wrong !== undefined || keys.length > POD_LABELS_MAX) {
    throw new RangeError(
      `must be none, or up to ${POD_LABELS_MAX} keys of pod labels separated by commas, such as team,example.com/tier`,
    );
  }
  const names = [...OWN_LABELS, ...keys.map(labelName)];
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new RangeError(`must leave the label ${twice} to one: two would have this name`);
  return keys;
}
