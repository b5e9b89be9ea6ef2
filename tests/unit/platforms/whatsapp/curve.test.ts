// The replaced signatures: the same answers as libsignal's own, both ways, and refusals where Baileys would accept.
import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import {
  Curve,
  DEFAULT_CONNECTION_CONFIG,
  initAuthCreds,
  WA_CERT_DETAILS,
  type SignalDataSet,
} from '@whiskeysockets/baileys';
import { GroupCipher } from '@whiskeysockets/baileys/lib/Signal/Group/group_cipher.js';
import { SenderKeyMessage } from '@whiskeysockets/baileys/lib/Signal/Group/sender-key-message.js';
import { expect, test } from 'vitest';
import { calculateSignature, trustNoiseRoot, verifySignature } from '../../../../src/platforms/whatsapp/curve.ts';
import { createLog } from '../../../../src/runtime/log.ts';

/** What libsignal itself signs and verifies with. */
const original = createRequire(import.meta.url)('curve25519-js') as {
  sign(privateKey: Uint8Array, message: Uint8Array): Uint8Array;
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
};

const CASES = Array.from({ length: 8 }, (_, index) => index);

test.each(CASES)('a signature of ours is valid for the original (%i)', (index) => {
  const pair = Curve.generateKeyPair();
  const message = randomBytes(index * 37);
  const signature = calculateSignature(pair.private, message);
  expect(signature).toHaveLength(64);
  expect(original.verify(pair.public, message, signature)).toBe(true);
  expect(verifySignature(pair.public, message, signature)).toBe(true);
});

test.each(CASES)('a signature of the original is valid for us (%i)', (index) => {
  const pair = Curve.generateKeyPair();
  const message = randomBytes(index * 53 + 1);
  const signature = Buffer.from(original.sign(pair.private, message));
  expect(verifySignature(pair.public, message, signature)).toBe(true);
  expect(verifySignature(Buffer.concat([Buffer.from([5]), pair.public]), message, signature)).toBe(true);
});

test('refuses what is forged', () => {
  const pair = Curve.generateKeyPair();
  const message = Buffer.from('pay 10');
  const signature = calculateSignature(pair.private, message);
  const flipped = (at: number): Buffer => {
    const bytes = Buffer.from(signature);
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    return bytes;
  };
  expect(verifySignature(pair.public, Buffer.from('pay 99'), signature)).toBe(false);
  expect(verifySignature(Curve.generateKeyPair().public, message, signature)).toBe(false);
  expect(verifySignature(pair.public, message, flipped(0))).toBe(false);
  expect(verifySignature(pair.public, message, flipped(40))).toBe(false);
  expect(verifySignature(pair.public, message, Buffer.alloc(64))).toBe(false);
  expect(verifySignature(pair.public, message, signature.subarray(1))).toBe(false);
  expect(verifySignature(Buffer.alloc(32, 0xff), message, signature)).toBe(false);
});

test('makes Baileys’ own check say no', () => {
  const pair = Curve.generateKeyPair();
  const message = Buffer.from('a key');
  expect(Curve.verify(pair.public, message, Curve.sign(pair.private, message))).toBe(true);
  expect(Curve.verify(pair.public, message, Buffer.alloc(64))).toBe(false);
});

test('refuses a key bundle whose signed prekey is forged', async () => {
  const store = new Map<string, unknown>();
  const keys = {
    get: async (type: string, ids: string[]) => {
      const found = ids.map((id) => [id, store.get(`${type} ${id}`)] as const);
      return Object.fromEntries(found.filter(([, value]) => value !== undefined)) as never;
    },
    set: async (data: SignalDataSet) => {
      for (const [type, values] of Object.entries(data)) {
        for (const [id, value] of Object.entries(values)) store.set(`${type} ${id}`, value);
      }
    },
    isInTransaction: () => false,
    transaction: async <T>(work: () => Promise<T>) => work(),
  };
  const log = createLog({ level: 'silent' });
  const ours = DEFAULT_CONNECTION_CONFIG.makeSignalRepository({ creds: initAuthCreds(), keys }, log, async () => []);
  const theirs = initAuthCreds();
  const withType = (key: Uint8Array): Buffer => Buffer.concat([Buffer.from([5]), key]);
  const bundle = (signature: Uint8Array): Parameters<typeof ours.injectE2ESession>[0] => ({
    jid: '123@lid',
    session: {
      registrationId: theirs.registrationId,
      identityKey: withType(theirs.signedIdentityKey.public),
      signedPreKey: { keyId: 1, publicKey: withType(theirs.signedPreKey.keyPair.public), signature },
    },
  });
  await expect(ours.injectE2ESession(bundle(Buffer.alloc(64)))).rejects.toThrow('signature');
  await ours.injectE2ESession(bundle(theirs.signedPreKey.signature));
  expect((await ours.validateSession('123@lid')).exists).toBe(true);
});

test('uses each step of a group’s sender key, so that the key stays small', async () => {
  let chain = { iteration: 0, seed: randomBytes(32) };
  const kept: unknown[] = [];
  const signing = Curve.generateKeyPair();
  const state = {
    getSenderChainKey: () => chainKey(chain),
    setSenderChainKey: (next: { getIteration(): number; getSeed(): Uint8Array }) => {
      chain = { iteration: next.getIteration(), seed: Buffer.from(next.getSeed()) };
    },
    addSenderMessageKey: (key: unknown) => kept.push(key),
    getKeyId: () => 7,
    getSigningKeyPrivate: () => signing.private,
  };
  const store = {
    loadSenderKey: async () => ({ getSenderKeyState: () => state }),
    storeSenderKey: async () => undefined,
  };
  const cipher = new GroupCipher(store as never, {} as never);
  const iterations: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    const sealed = await cipher.encrypt(Buffer.from('hello group'));
    iterations.push(new SenderKeyMessage(null, null, null, null, sealed).getIteration());
  }
  expect(iterations).toEqual([0, 1, 2, 3, 4]);
  expect(kept).toEqual([]);
});

function chainKey(chain: { iteration: number; seed: Uint8Array }): object {
  const { SenderChainKey } = groups;
  return new SenderChainKey(chain.iteration, chain.seed);
}

const groups = (await import('@whiskeysockets/baileys/lib/Signal/Group/sender-chain-key.js')) as {
  SenderChainKey: new (iteration: number, seed: Uint8Array) => object;
};

test('trusts another root only as 32 bytes in hex', () => {
  const before = WA_CERT_DETAILS.PUBLIC_KEY;
  expect(() => trustNoiseRoot('abcd')).toThrow('32 bytes');
  expect(WA_CERT_DETAILS.PUBLIC_KEY).toBe(before);
});
