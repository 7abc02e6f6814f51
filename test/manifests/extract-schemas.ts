/**
 * Makes kubernetes-1.34-schemas.json: from the OpenAPI description that Kubernetes publishes with each release, the
 * definitions that our manifests' kinds need, as JSON Schema, strict about unknown fields. By hand, when a kind or the
 * Kubernetes version changes:
 *
 *     go mod download -json k8s.io/kubernetes@v1.34.4      # gives "Dir"
 *     npm exec -c 'node test/manifests/extract-schemas.ts "$DIR/api/openapi-spec/swagger.json"' && npm run format
 */
import { readFileSync, writeFileSync } from 'node:fs';

const KINDS = [
  'io.k8s.api.core.v1.Namespace',
  'io.k8s.api.core.v1.Service',
  'io.k8s.api.core.v1.ServiceAccount',
  'io.k8s.api.apps.v1.DaemonSet',
  'io.k8s.api.apps.v1.StatefulSet',
  'io.k8s.api.networking.v1.Ingress',
  'io.k8s.api.networking.v1.NetworkPolicy',
  'io.k8s.api.policy.v1.PodDisruptionBudget',
  'io.k8s.api.rbac.v1.ClusterRole',
  'io.k8s.api.rbac.v1.ClusterRoleBinding',
  'io.k8s.api.scheduling.v1.PriorityClass',
];

/** Types that the description calls strings, while the API also takes numbers. */
const STRING_OR_NUMBER: Readonly<Record<string, Schema>> = {
  'io.k8s.apimachinery.pkg.api.resource.Quantity': { type: ['string', 'number'] },
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': { type: ['string', 'integer'] },
};

interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
}

const [swaggerPath] = process.argv.slice(2);
if (swaggerPath === undefined) throw new Error('give the path of swagger.json');
const swagger = JSON.parse(readFileSync(swaggerPath, 'utf8')) as { definitions: Readonly<Record<string, Schema>> };

const definitions: Record<string, Schema> = {};
for (const kind of KINDS) define(kind);
const sorted = Object.fromEntries(Object.entries(definitions).toSorted(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(new URL('kubernetes-1.34-schemas.json', import.meta.url), JSON.stringify({ definitions: sorted }));

/** Adds a definition and all that it refers to. */
function define(name: string): void {
  if (name in definitions) return;
  const source = swagger.definitions[name];
  if (source === undefined) throw new Error(`${swaggerPath} does not define ${name}`);
  definitions[name] = {}; // Definitions may refer to themselves.
  definitions[name] = STRING_OR_NUMBER[name] ?? strict(source);
}

/** Keeps what constrains a value, leaves out descriptions, and refuses fields that are not named. */
function strict(schema: Schema): Schema {
  if (schema.$ref !== undefined) {
    define(schema.$ref.replace('#/definitions/', ''));
    return { $ref: schema.$ref };
  }
  const { type, enum: values, properties, required, items, additionalProperties } = schema;
  return {
    ...(type !== undefined && { type }),
    ...(values !== undefined && { enum: values }),
    ...(properties !== undefined && {
      properties: Object.fromEntries(Object.entries(properties).map(([name, value]) => [name, strict(value)])),
      additionalProperties: false,
    }),
    ...(required !== undefined && { required }),
    ...(items !== undefined && { items: strict(items) }),
    ...(typeof additionalProperties === 'object' && { additionalProperties: strict(additionalProperties) }),
  };
}
