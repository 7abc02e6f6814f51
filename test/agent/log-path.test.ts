import { expect, test } from 'vitest';
import { compareRotations, parseLogName, parsePodDirectory, selectLogs } from '../../agent/log-path.ts';

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

test('rotations come oldest first, the live file last', () => {
  expect(['', '20260102-000000', '20260101-235959'].toSorted(compareRotations)).toEqual([
    '20260101-235959',
    '20260102-000000',
    '',
  ]);
});
