import { describe, expect, test } from 'vitest';
import { type Primitives, tweetnacl } from '#shared/crypto/primitives.ts';
import { sha256Hex } from '#shared/crypto/sha256.ts';
import { fromHex, toHex } from '#shared/domain/bytes.ts';
import { below } from '#shared/maths/rng.ts';
import { forAll } from '#shared/testing/for-all.ts';
import { accountIdOf, makeEnrolment, readEnrolment, readSignedRequest, requestMessage, signRequest } from './enrolment.ts';
import { makeFlushRequest, makeFlushResponse, readFlushRequest, readFlushResponse } from './flush-message.ts';
import type { ReportHeader } from './header.ts';
import { accountTag, masked, maskWords } from './mask.ts';
import { isSignedByDevice, makeReport, openHelperBox, openLeaderBox, parseReport, reportBytes } from './report.ts';
import { keyId } from './seal.ts';

const from = (n: number, x: number): Uint8Array => Uint8Array.from({ length: n }, (_, i) => x + i);
const crypto: Primitives = tweetnacl;
const leader = { secret: from(32, 0x10), public: crypto.boxPublicKey(from(32, 0x10)) };
const helper = { secret: from(32, 0x30), public: crypto.boxPublicKey(from(32, 0x30)) };
const q = Int32Array.of(1, -1, 65_536, -65_536);
const header: ReportHeader = {
  kind: 'model-delta',
  taskId: from(16, 0xa0),
  reportId: from(16, 0xb0),
  configHash: from(32, 0xc0),
  baseHash: from(32, 0xd0),
  baseVersion: 7,
  dim: 4,
  leaderKeyId: keyId(leader.public),
  helperKeyId: keyId(helper.public),
};
const tag = accountTag(crypto, from(32, 0x20), from(16, 0xe0), from(16, 0xf0));
const draft = {
  header,
  q,
  accountTag: tag,
  leaderBoxKey: leader.public,
  helperBoxKey: helper.public,
  deviceSeed: from(32, 0x90),
};
const secrets = { maskSeed: from(32, 0), leaderFresh: from(32, 0x50), helperFresh: from(32, 0x70) };
const report = makeReport(crypto, draft, secrets);

describe('the published test vector of the report', () => {
  test('mask, masked words, boxes, tag and body agree byte for byte', () => {
    const mask = maskWords(crypto, secrets.maskSeed, header.taskId, header.reportId, 4);
    const bytes = (words: Uint32Array) => toHex(new Uint8Array(words.buffer));
    expect(bytes(mask)).toBe('14b8b2fc29d992d9e81e936d2e574177');
    expect(bytes(masked(q, mask))).toBe('15b8b2fc28d992d9e81e946d2e574077');
    const parts = parseReport(report);
    if (!parts) throw new Error('the report does not parse');
    expect(sha256Hex(parts.leaderBox)).toBe('65fa1afc711a6ecbed7a04356df6298d012993f3df49865220bc2699d998ca25');
    expect(toHex(tag)).toBe('882a66ed07c4bc2c8a658e4aa01f165deafeb0318cd6e05924402c8efd561f68');
    expect(sha256Hex(parts.helperBox)).toBe('ee99582404c5e7ac6a95d93f141865ddfe261841cf5d5b186137a677c1672c33');
    expect(report.length).toBe(688);
    expect(sha256Hex(report)).toBe('1a30548289b931c9ea803ee9a41de541ca9c0bfb5a771dccbafdb0e567fb8efd');
  });

  test('sizes are 4d + 672', () => {
    expect(reportBytes(1473)).toBe(6564);
    expect(reportBytes(128)).toBe(1184);
  });

  test('each server opens its own box and not the other; the device signed it', () => {
    const parts = parseReport(report);
    if (!parts) throw new Error('the report does not parse');
    expect(isSignedByDevice(crypto, parts)).toBe(true);
    expect(openLeaderBox(crypto, parts.header, parts.leaderBox, leader)).toEqual(
      masked(q, maskWords(crypto, secrets.maskSeed, header.taskId, header.reportId, 4)),
    );
    expect(openLeaderBox(crypto, parts.header, parts.leaderBox, helper)).toBeNull();
    expect(openHelperBox(crypto, parts.helperBox, helper)).toMatchObject({ accountTag: tag, maskSeed: secrets.maskSeed });
    expect(openHelperBox(crypto, parts.helperBox, leader)).toBeNull();
  });

  forAll(
    'no byte of a report can be changed without being noticed by layout, signature or box',
    (rng) => {
      const changed = report.slice();
      const at = below(changed.length, rng);
      changed[at] = (changed[at] as number) ^ (1 + below(255, rng));
      const parts = parseReport(changed);
      expect(parts !== null && isSignedByDevice(crypto, parts)).toBe(false);
    },
    30,
  );
});

describe('the published test vector of enrolment and signed requests', () => {
  const [account, device, challenge] = [from(32, 0x40), from(32, 0x90), from(16, 0x60)];
  const body = makeEnrolment(crypto, account, device, challenge);

  test('enrolment body and account id agree', () => {
    expect(body.length).toBe(216);
    expect(sha256Hex(body)).toBe('bb6cd6c862273b26c610ded9aa4e4c5047d04f0768fb302eecc59e1b7a48544c');
    expect(toHex(accountIdOf(crypto.signPublicKey(account)))).toBe('03396219237f75a64f12aeb7f39723ab');
    expect(readEnrolment(crypto, body)?.challenge).toEqual(challenge);
  });

  test('a signed request agrees, and any other method, path, body or key is refused', () => {
    const request = { method: 'DELETE', path: '/api/sync/v1/fed/reports/b0b1b2b3b4b5b6b7b8b9babbbcbdbebf', body: new Uint8Array(0) };
    const message = requestMessage(crypto, request, challenge);
    expect(message.length).toBe(172);
    expect(sha256Hex(message)).toBe('5cde927b49a9523eebbfda261bc12ace887c6be6a0e21fa5785cbd0c9de508be');
    const signed = signRequest(crypto, request, challenge, device);
    const raw = Uint8Array.from(atob(signed.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
    expect(sha256Hex(raw)).toBe('039c47aa04d356d7dc4093903458060d6729702be694d4606cc33db18926a6d5');
    expect(readSignedRequest(crypto, request, signed)?.challenge).toEqual(challenge);
    expect(readSignedRequest(crypto, { ...request, method: 'POST' }, signed)).toBeNull();
    expect(readSignedRequest(crypto, { ...request, path: `${request.path}0` }, signed)).toBeNull();
    expect(readSignedRequest(crypto, { ...request, body: fromHex('00') }, signed)).toBeNull();
    expect(readSignedRequest(crypto, request, `${signed}A`)).toBeNull();
  });
});

describe('flush messages', () => {
  const members = [2, 1].map((n) => ({
    reportId: from(16, n * 40),
    leaderBoxHash: from(32, n),
    helperBox: new Uint8Array(272).fill(n),
  }));
  const base = { taskId: header.taskId, t: 3, dim: 4, configHash: header.configHash };
  const [leaderSeed, helperSeed] = [from(32, 1), from(32, 2)];
  const request = makeFlushRequest(crypto, base, members, leaderSeed);

  test('a request lists its reports in ascending order and is read back by the leader’s key alone', () => {
    expect(request.length).toBe(104 + 2 * 320 + 64);
    const read = readFlushRequest(crypto, request, crypto.signPublicKey(leaderSeed));
    expect(read?.members.map((m) => m.leaderBoxHash[0])).toEqual([1, 2]);
    expect(readFlushRequest(crypto, request, crypto.signPublicKey(helperSeed))).toBeNull();
  });

  test('a response is read back, and a changed word is refused', () => {
    const read = readFlushRequest(crypto, request, crypto.signPublicKey(leaderSeed));
    if (!read) throw new Error('unreadable');
    const response = makeFlushResponse(crypto, read.head, Uint32Array.of(1, 2, 3, 4), helperSeed);
    expect(response.length).toBe(104 + 16 + 64);
    expect([...(readFlushResponse(crypto, response, crypto.signPublicKey(helperSeed))?.words ?? [])]).toEqual([1, 2, 3, 4]);
    response[105] = 9;
    expect(readFlushResponse(crypto, response, crypto.signPublicKey(helperSeed))).toBeNull();
  });
});
