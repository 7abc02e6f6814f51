/** Clients that say what is not so: none of it is stored, and each is told why. */
import { crc32 } from 'node:zlib';
import { Random } from '../../corpus/random.ts';
import { batchOf, numberedLines, range } from '../../server/engines/embedded/batches.ts';
import { call, NODE } from '../caller.ts';
import { type Pushed, repeated, summary, type Target } from './attack.ts';

const MUTATIONS = 2000;
const MUTATED_LINES = 20;

export async function lying({ url, progress }: Target): Promise<Pushed> {
  await mutatedBatches(url, progress);
  await otherNodes(url, progress);
  return keys(url, progress);
}

/** Batches with changed bytes, with the checksum of their header made right again. */
async function mutatedBatches(url: string, progress: Target['progress']): Promise<void> {
  const random = new Random(4711);
  const labels = { app: 'liar', node: NODE };
  const lines = numberedLines('liar', 0, MUTATED_LINES).map((line) => ({ ...line, labels }));
  const answers = await repeated(MUTATIONS, 8, (n) => {
    const bytes = batchOf({ node: NODE, lines, files: [range(`liar-${n}/c/0@x`, 0, MUTATED_LINES)] });
    for (let flips = 1 + random.below(3); flips > 0; flips--)
      bytes[random.below(bytes.length)]! ^= 1 << random.below(8);
    const headerBytes = bytes.readUInt32LE(4);
    if (12 + headerBytes <= bytes.length) bytes.writeUInt32LE(crc32(bytes.subarray(12, 12 + headerBytes)), 8);
    return call(`${url}/agent/batch`, { method: 'POST', as: 'agent', body: bytes });
  });
  progress(`  mutated batches: ${summary(answers)}`);
}

async function otherNodes(url: string, progress: Target['progress']): Promise<void> {
  const nodes = ['', '/kubernetes', 'other-node', '__proto__'];
  const answers = await Promise.all(
    nodes.map((node) =>
      call(`${url}/agent/batch`, {
        method: 'POST',
        as: 'agent',
        body: batchOf({ node, lines: numberedLines('other', 0, 1), files: [range('other/c/0@x', 0, 1)] }),
      }),
    ),
  );
  progress(`  batches of other nodes: ${summary(answers)}`);
}

/** The same idempotency key for bodies that are not the same. */
async function keys(url: string, progress: Target['progress']): Promise<Pushed> {
  const answers = await repeated(20, 4, (n) =>
    call(`${url}/ingest?app=liar-keys`, {
      method: 'POST',
      as: 'ingest',
      headers: { 'idempotency-key': 'the-same', 'content-type': 'text/plain' },
      body: `line ${n}\n`,
    }),
  );
  progress(`  one key for twenty bodies: ${summary(answers)}`);
  const acknowledged = answers.filter(({ status }) => status === 200).length;
  return new Map([['liar-keys', { acknowledged, sent: 1 }]]);
}
