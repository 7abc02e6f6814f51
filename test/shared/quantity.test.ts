import { describe, expect, it } from 'vitest';
import { durationOf, measuredOf, numberOf, parseQuantity, quantityOf, sizeOf } from '../../shared/quantity.ts';

describe('numberOf', () => {
  it.each([
    ['0', 0],
    ['-12.5', -12.5],
    ['1e3', 1000],
    ['', NaN],
    [' ', NaN],
    ['1s', NaN],
    ['Infinity', NaN],
    ['NaN', NaN],
  ])('%j', (text, want) => expect(numberOf(text)).toBe(want));
});

describe('durationOf', () => {
  it.each([
    ['1.5s', 1.5e9],
    ['1h30m', 5400e9],
    ['250µs', 250e3],
    ['250μs', 250e3],
    ['250us', 250e3],
    ['.5ms', 0.5e6],
    ['-3ns', -3],
    ['2d', 172_800e9],
    ['5', NaN],
    ['s', NaN],
    ['1s ', NaN],
    ['1m1', NaN],
    ['5M', NaN],
    ['1.2.3s', NaN],
  ])('%j', (text, want) => expect(durationOf(text)).toBe(want));
});

describe('sizeOf', () => {
  it.each([
    ['10MiB', 10 * 1024 ** 2],
    ['10mb', 10e6],
    ['1.5 GB', 1.5e9],
    ['20Gi', 20 * 1024 ** 3],
    ['512k', 512e3],
    ['5M', 5e6],
    ['3b', 3],
    ['3B', 3],
    ['5m', NaN],
    ['7', NaN],
    ['1iB', NaN],
    ['1Ki B', NaN],
    ['MB', NaN],
  ])('%j', (text, want) => expect(sizeOf(text)).toBe(want));
});

it('takes a text for the first kind that it can be', () => {
  expect(parseQuantity('1e3')).toEqual({ kind: 'number', value: 1000 });
  expect(parseQuantity('5m')).toEqual({ kind: 'duration', value: 300e9 });
  expect(parseQuantity('5M')).toEqual({ kind: 'bytes', value: 5e6 });
  expect(parseQuantity('five')).toBeUndefined();
});

it('takes a number for as many bytes, but not for a duration', () => {
  expect(quantityOf('1024', 'bytes')).toBe(1024);
  expect(quantityOf('1024', 'duration')).toBeNaN();
  expect(quantityOf('1s', 'number')).toBeNaN();
});

describe('measuredOf', () => {
  it.each([
    ['7', 7],
    [' 1e3 ', 1000],
    ['1.5s', 1.5],
    ['1h30m', 5400],
    ['250µs', 0.00025],
    ['-20ms', -0.02],
    ['.5s', 0.5],
    ['10MiB', 10 * 2 ** 20],
    ['2 GB', 2e9],
    ['', NaN],
    ['none', NaN],
    ['/api/7', NaN],
    ['12 apples', NaN],
    ['2026-11-23', NaN],
  ])('%j', (text, want) => expect(measuredOf(text)).toBe(want));
});
