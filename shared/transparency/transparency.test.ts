import { describe, expect, test } from 'vitest';
import { tweetnacl } from '#shared/crypto/primitives.ts';
import { fromHex, toHex } from '#shared/domain/bytes.ts';
import { below, type Rng } from '#shared/maths/rng.ts';
import { forAll } from '#shared/testing/for-all.ts';
import { canonicalJson, utf8 } from './canonical-json.ts';
import { cosignature, cosignedAt, isSignedBy, parseNote, signedNote } from './checkpoint.ts';
import { consistencyProof, inclusionProof, isConsistent, isIncluded, leafHash, rootOf } from './merkle.ts';

describe('canonical JSON', () => {
  test('orders keys by UTF-16 units and prints numbers as RFC 8785 does', () => {
    expect(canonicalJson({ b: [1, 1e21, 0.000001, 1e-7, -0], a: { z: null, '€': 'ß\n', A: true } })).toBe(
      '{"a":{"A":true,"z":null,"€":"ß\\n"},"b":[1,1e+21,0.000001,1e-7,0]}',
    );
    expect(() => canonicalJson(Number.NaN)).toThrow(RangeError);
    expect(() => canonicalJson('\ud800')).toThrow(RangeError);
  });
  test('its UTF-8 is the platform’s', () => {
    for (const text of ['aé€😀', '한국어', '']) expect(utf8(text)).toEqual(new Uint8Array(Buffer.from(text)));
  });
});

/** The eight leaves and the roots that Certificate Transparency's own tests use (google/certificate-transparency, merkletree). */
const LEAVES = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
const ROOTS = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

const anyLeaves = (rng: Rng): readonly Uint8Array[] =>
  Array.from({ length: 1 + below(70, rng) }, () => leafHash(Uint8Array.from({ length: below(20, rng) }, () => below(256, rng))));

describe('the Merkle tree', () => {
  const leaves = LEAVES.map((entry) => leafHash(fromHex(entry)));

  test('roots are the published ones', () => {
    for (const [i, root] of ROOTS.entries()) expect(toHex(rootOf(leaves.slice(0, i + 1)))).toBe(root);
    expect(toHex(rootOf([]))).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  });

  forAll('every leaf is shown to be included, and no other leaf, place or root is', (rng) => {
    const all = anyLeaves(rng);
    const index = below(all.length, rng);
    const [root, proof] = [rootOf(all), inclusionProof(all, index)];
    expect(isIncluded(all[index] as Uint8Array, index, all.length, proof, root)).toBe(true);
    expect(isIncluded(leafHash(utf8('other entry of this log')), index, all.length, proof, root)).toBe(false);
    expect(isIncluded(all[index] as Uint8Array, all.length, all.length, proof, root)).toBe(false);
    expect(isIncluded(all[index] as Uint8Array, index, all.length, [...proof, root], root)).toBe(false);
    if (proof.length > 0) expect(isIncluded(all[index] as Uint8Array, index, all.length, proof.slice(1), root)).toBe(false);
  });

  forAll('every older tree is shown to be its beginning; a rewritten one is not', (rng) => {
    const all = anyLeaves(rng);
    const size = 1 + below(all.length, rng);
    const [oldRoot, root, proof] = [rootOf(all.slice(0, size)), rootOf(all), consistencyProof(all, size)];
    expect(isConsistent(size, oldRoot, all.length, root, proof)).toBe(true);
    const changed = all.map((leaf, i) => (i === below(size, () => 0) ? leafHash(utf8('rewritten')) : leaf));
    expect(isConsistent(size, oldRoot, all.length, rootOf(changed), consistencyProof(changed, size))).toBe(false);
  });
});

describe('checkpoints', () => {
  const log = { name: 'examsgraph/leader', seed: new Uint8Array(32).fill(1) };
  const witness = { name: 'examsgraph/helper', seed: new Uint8Array(32).fill(2) };
  const keyOf = ({ name, seed }: typeof log) => ({ name, publicKey: tweetnacl.signPublicKey(seed) });
  const checkpoint = { origin: 'examsgraph.test/log', size: 3, root: rootOf([leafHash(utf8('a'))]) };
  const signed = signedNote(tweetnacl, checkpoint, log) + cosignature(tweetnacl, checkpoint, witness, 1_700_000_000);

  test('a note is read back with the log’s signature and the witness’s time', () => {
    const note = parseNote(signed);
    if (!note) throw new Error('unreadable');
    expect(note.checkpoint).toEqual(checkpoint);
    expect(isSignedBy(tweetnacl, note, keyOf(log))).toBe(true);
    expect(isSignedBy(tweetnacl, note, keyOf(witness))).toBe(false);
    expect(cosignedAt(tweetnacl, note, keyOf(witness))).toBe(1_700_000_000);
    expect(cosignedAt(tweetnacl, note, keyOf(log))).toBeNull();
  });

  test('a changed size, root, time or name is noticed', () => {
    const other = parseNote(signed.replace('\n3\n', '\n4\n'));
    if (!other) throw new Error('unreadable');
    expect(isSignedBy(tweetnacl, other, keyOf(log))).toBe(false);
    expect(cosignedAt(tweetnacl, other, keyOf(witness))).toBeNull();
    expect(parseNote(signed.replace('\n\n', '\n'))).toBeNull();
    expect(parseNote('nothing')).toBeNull();
  });
});
