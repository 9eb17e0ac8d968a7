// @vitest-environment node
import { strToU8, unzipSync } from 'fflate';
import { expect, test } from 'vitest';
import { normal, seededRng } from '#shared/maths/rng.ts';
import { zipped } from './zip.ts';

test('what was zipped is unzipped: empty files, names in any script, short, long and incompressible ones', async () => {
  const rng = seededRng(3);
  const files = {
    'empty.txt': new Uint8Array(),
    '학습/기록 1.txt': strToU8('짧은 글'),
    'long.txt': strToU8('learning '.repeat(10_000)),
    'noise.bin': Uint8Array.from({ length: 5000 }, () => Math.round(normal(rng) * 100) & 255),
  };
  const zip = await zipped(files);
  expect(unzipSync(zip)).toEqual(files);
  expect(zip.length).toBeLessThan(10_000);
});

test('more files than the plain format counts are all there, by the count of zip64', async () => {
  const byte = Uint8Array.of(7);
  const zip = await zipped(Object.fromEntries(Array.from({ length: 65_536 }, (_, n) => [`${n}`, byte])));
  const end = new DataView(zip.buffer, zip.length - 22);
  expect([end.getUint32(0, true), end.getUint16(10, true)]).toEqual([0x06054b50, 0xffff]);
  const record = new DataView(zip.buffer, zip.length - 22 - 20 - 56);
  expect([record.getUint32(0, true), record.getBigUint64(32, true)]).toEqual([0x06064b50, 65_536n]);
  const files = unzipSync(zip);
  expect(Object.keys(files)).toHaveLength(65_536);
  expect(files['65535']).toEqual(byte);
});

test('a path longer than the format can say is refused', async () => {
  await expect(zipped({ ['x'.repeat(65_536)]: new Uint8Array() })).rejects.toThrow(RangeError);
});
