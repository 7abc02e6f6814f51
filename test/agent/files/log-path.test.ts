import { expect, test } from 'vitest';
import {
  compareRotations,
  FIRST_ROTATION,
  parseLogName,
  parsePodDirectory,
  rotationAfter,
  selectLogs,
} from '../../../agent/files/log-path.ts';

test.each([
  ['shop_cart-7d9f_0b1c', { namespace: 'shop', pod: 'cart-7d9f', uid: '0b1c' }],
  [
    'kube-system_etcd-n1_5f1e29cd0f3f5a3bdf2fb2d0ee4dd3a2',
    { namespace: 'kube-system', pod: 'etcd-n1', uid: '5f1e29cd0f3f5a3bdf2fb2d0ee4dd3a2' },
  ],
  ['0b1c2d3e-0000', undefined],
  ['a_b', undefined],
  ['a_b_c_d', undefined],
  ['__', undefined],
])('pod directory %s', (name, want) => {
  expect(parsePodDirectory(name)).toEqual(want);
});

test.each([
  ['0.log', { name: '0.log', restart: 0, rotation: '', gzip: false }],
  ['12.log', { name: '12.log', restart: 12, rotation: '', gzip: false }],
  ['0.log.20260101-000000', { name: '0.log.20260101-000000', restart: 0, rotation: '20260101-000000', gzip: false }],
  [
    '3.log.20260101-000000.gz',
    { name: '3.log.20260101-000000.gz', restart: 3, rotation: '20260101-000000', gzip: true },
  ],
  [
    '0.log.20261127-171231124',
    { name: '0.log.20261127-171231124', restart: 0, rotation: '20261127-171231124', gzip: false },
  ],
  ['0.log.1', { name: '0.log.1', restart: 0, rotation: '#9999998', gzip: false }],
  ['2.log.12.gz', { name: '2.log.12.gz', restart: 2, rotation: '#9999987', gzip: true }],
  ['0.log-20261127.gz', { name: '0.log-20261127.gz', restart: 0, rotation: '20261127', gzip: true }],
  ['0.log-20261127-1795813', { name: '0.log-20261127-1795813', restart: 0, rotation: '20261127-1795813', gzip: false }],
  ['0.log.20261127-171231.bak', undefined],
  ['0.log.20261127', undefined],
  ['0.log.bak', undefined],
  ['0.log.1.tmp', undefined],
  ['0.log.20260101-000000.tmp', undefined],
  ['0.log.20260101-000000.gz.tmp', undefined],
  ['0.log.gz', undefined],
  ['abc.log', undefined],
  ['9f86d081884c7d65.log', undefined],
  ['.log', undefined],
  ['0.log~', undefined],
])('log name %s', (name, want) => {
  expect(parseLogName(name)).toEqual(want);
});

test('twins are listed once, strays not at all', () => {
  const names = ['0.log.20260101-000000.gz', '0.log', '0.log.20260101-000000', '0.log.20260101-000001.gz', 'x.tmp'];
  expect(selectLogs(names).map(({ name }) => name)).toEqual([
    '0.log',
    '0.log.20260101-000000',
    '0.log.20260101-000001.gz',
  ]);
});

test.each([
  [['0.log.20260101-235959', '0.log.20260101-235959124', '0.log.20260102-000000', '0.log']],
  [['0.log.10.gz', '0.log.2', '0.log.1', '0.log']],
  [['0.log-20260101.gz', '0.log-20260102', '0.log']],
])('rotations come oldest first, the live file last: %j', (names) => {
  const logs = selectLogs(names.toReversed()).toSorted((a, b) => compareRotations(a.rotation, b.rotation));
  expect(logs.map(({ name }) => name)).toEqual(names);
});

test('what is put between two rotations', () => {
  const order = [FIRST_ROTATION, rotationAfter(''), '#0000001', '20260101-235959', rotationAfter('20260101-235959')];
  order.push(rotationAfter(order.at(-1)!), '20260102-000000', '');
  expect(order.toReversed().toSorted(compareRotations)).toEqual(order);
});
