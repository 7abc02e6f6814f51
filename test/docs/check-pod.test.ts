/** The pod in which docs/operations.md checks the data of a cluster fits the server's manifest. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { imageConfig, readDockerfile } from '../manifests/docker-image.ts';
import { type PodTemplate, renderManifests, schemaErrors, workloadsOf } from '../manifests/manifests.ts';

const [, overrides] = /--overrides='([^']+)'/.exec(readFileSync('docs/operations.md', 'utf8'))!;
const { spec } = JSON.parse(overrides!) as { spec: PodTemplate['spec'] };
const [server] = workloadsOf(renderManifests('overlays/k3s'));
const serverPod = server.spec.template.spec;

test('Kubernetes takes it', () => {
  const template = { ...server.spec.template, spec: { ...spec, restartPolicy: 'Always' } };
  expect(schemaErrors({ ...server, spec: { ...server.spec, template } })).toEqual([]);
});

test('it has the image, user and volume of the server', () => {
  const [container] = spec.containers;
  const [serverContainer] = serverPod.containers;
  expect(container!.image).toBe(serverContainer!.image);
  expect(serverPod.securityContext).toMatchObject(spec.securityContext);
  const claim = `${server.spec.volumeClaimTemplates![0]!.metadata.name}-${server.metadata.name}-0`;
  expect(spec.volumes).toEqual([{ name: 'data', persistentVolumeClaim: { claimName: claim } }]);
  const dataDir = imageConfig(readDockerfile()).env.find((each) => each.startsWith('PODLOG_DATA_DIR='));
  expect(dataDir).toBe(`PODLOG_DATA_DIR=${container!.volumeMounts[0]!.mountPath}`);
});
