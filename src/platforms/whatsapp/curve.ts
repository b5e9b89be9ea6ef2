// Before anything is sent or received: makes Baileys' signature checks count, and its signatures fast. Every other file relies on it.
import { createHash, createPublicKey, randomBytes, verify as verifyWithNode } from 'node:crypto';
import { createRequire } from 'node:module';
import { ed25519 } from '@noble/curves/ed25519.js';
import { Curve, proto, WA_CERT_DETAILS } from '@whiskeysockets/baileys';
import { GroupCipher } from '@whiskeysockets/baileys/lib/Signal/Group/group_cipher.js';
import { SenderKeyMessage } from '@whiskeysockets/baileys/lib/Signal/Group/sender-key-message.js';

/** The part of libsignal's CommonJS curve module whose users look the functions up at each call. */
interface CurveModule {
  calculateSignature(privateKey: Uint8Array, message: Uint8Array): Buffer;
  verifySignature(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array, isBundle?: boolean): boolean;
}

const { Fn, Fp } = ed25519.Point;
const SIGNATURE_LENGTH = 64;
/** SubjectPublicKeyInfo of an Ed25519 key up to its 32 bytes (RFC 8410). */
const ED25519_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

function fromLittleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes.toReversed()).toString('hex')}`);
}

function toLittleEndian(value: bigint): Buffer {
  return Buffer.from(Buffer.from(value.toString(16).padStart(64, '0'), 'hex').toReversed());
}

function sha512(...parts: readonly Uint8Array[]): bigint {
  const hash = createHash('sha512');
  for (const part of parts) hash.update(part);
  return Fn.create(fromLittleEndian(hash.digest()));
}

/** The Edwards form of a Curve25519 key: y = (u − 1) / (u + 1). Undefined for the one u that has none. */
function toEdwards(key: Uint8Array, sign: number): Buffer | undefined {
  const raw = Buffer.from(key.length === 33 ? key.subarray(1) : key);
  raw[31] = (raw[31] ?? 0) & 0x7f;
  const u = Fp.create(fromLittleEndian(raw));
  const below = Fp.add(u, Fp.ONE);
  if (Fp.is0(below)) return undefined;
  const edwards = toLittleEndian(Fp.mul(Fp.sub(u, Fp.ONE), Fp.inv(below)));
  edwards[31] = (edwards[31] ?? 0) | sign;
  return edwards;
}

/** XEdDSA: does `signature` (64 bytes) over `message` come from the Curve25519 key (32 bytes, or 33 with the type byte)? Never throws. */
export function verifySignature(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== SIGNATURE_LENGTH || (key.length !== 32 && key.length !== 33)) return false;
  const plain = Buffer.from(signature);
  const last = plain[SIGNATURE_LENGTH - 1] ?? 0;
  plain[SIGNATURE_LENGTH - 1] = last & 0x7f;
  const edwards = toEdwards(key, last & 0x80);
  if (edwards === undefined) return false;
  const publicKey = createPublicKey({ key: Buffer.concat([ED25519_PREFIX, edwards]), format: 'der', type: 'spki' });
  return verifyWithNode(null, message, publicKey, plain);
}

/** XEdDSA: signs with a Curve25519 private key (32 bytes); the sign of the Edwards key travels in the last bit. */
export function calculateSignature(privateKey: Uint8Array, message: Uint8Array): Buffer {
  const clamped = Buffer.from(privateKey);
  clamped[0] = (clamped[0] ?? 0) & 248;
  clamped[31] = ((clamped[31] ?? 0) & 127) | 64;
  const scalar = Fn.create(fromLittleEndian(clamped));
  const publicKey = ed25519.Point.BASE.multiply(scalar).toBytes();
  const nonce = sha512(clamped, message, randomBytes(64));
  const commitment = ed25519.Point.BASE.multiply(nonce).toBytes();
  const challenge = sha512(commitment, publicKey, message);
  const signature = Buffer.concat([commitment, toLittleEndian(Fn.add(nonce, Fn.mul(challenge, scalar)))]);
  signature[63] = (signature[63] ?? 0) | ((publicKey[31] ?? 0) & 0x80);
  return signature;
}

/** What the noise handshake last computed: it is one synchronous function, so the last value is the one at hand. */
let lastAgreedKey: Uint8Array = Buffer.alloc(0);
let lastVerifiedMessage: Uint8Array = Buffer.alloc(0);

/** The leaf certificate must be for the key the server proved in the handshake; Baileys doesn't compare them. */
function leafNamesServer(): boolean {
  const { key } = proto.CertChain.NoiseCertificate.Details.decode(lastVerifiedMessage);
  return key instanceof Uint8Array && Buffer.from(key).equals(lastAgreedKey);
}

function repairCurve(): void {
  const agree = Curve.sharedKey;
  Curve.sharedKey = (privateKey, publicKey) => {
    lastAgreedKey = publicKey;
    return agree(privateKey, publicKey);
  };
  Curve.sign = calculateSignature;
  Curve.verify = (key, message, signature) => {
    const isIntermediate = key === WA_CERT_DETAILS.PUBLIC_KEY;
    const isGenuine = verifySignature(key, message, signature) && (!isIntermediate || leafNamesServer());
    lastVerifiedMessage = message;
    return isGenuine;
  };
}

function repairLibsignal(): void {
  const curve = createRequire(import.meta.url)('libsignal/src/curve.js') as CurveModule;
  curve.calculateSignature = calculateSignature;
  curve.verifySignature = (key, message, signature, isBundle) => {
    const isGenuine = verifySignature(key, message, signature);
    // The caller that opens sessions from key bundles ignores the answer.
    if (!isGenuine && isBundle === true) throw new Error('The signature of a key bundle is wrong');
    return isGenuine;
  };
}

/** What is private in Baileys' types but there in its classes. */
interface CipherInside {
  getSenderKey(state: { getSenderChainKey(): { getIteration(): number } }, iteration: number): unknown;
}

function repairGroups(): void {
  const message = SenderKeyMessage.prototype as unknown as {
    serialized: Uint8Array;
    verifySignature(key: Uint8Array): void;
    getSignature(key: Uint8Array, bytes: Uint8Array): Buffer;
  };
  message.verifySignature = function verifySenderKey(key) {
    const signed = this.serialized.subarray(0, -SIGNATURE_LENGTH);
    if (!verifySignature(key, signed, this.serialized.subarray(-SIGNATURE_LENGTH)))
      throw new Error('Invalid signature!');
  };
  message.getSignature = (key, bytes) => calculateSignature(key, bytes);

  // Baileys skips a chain step with each group message and keeps its key for ever; each step must be used.
  const { encrypt } = GroupCipher.prototype;
  const { getSenderKey } = GroupCipher.prototype as unknown as CipherInside;
  GroupCipher.prototype.encrypt = function encryptWithNextKey(plaintext) {
    const stepwise = Object.create(this) as GroupCipher;
    const inside = stepwise as unknown as CipherInside;
    inside.getSenderKey = (state) => getSenderKey.call(this, state, state.getSenderChainKey().getIteration());
    return encrypt.call(stepwise, plaintext);
  };
}

repairCurve();
repairLibsignal();
repairGroups();

/** Trusts another root for the server's certificates, in the whole process. Only for another endpoint than WhatsApp's. */
export function trustNoiseRoot(publicKeyHex: string): void {
  const key = Buffer.from(publicKeyHex, 'hex');
  if (key.length !== 32) throw new Error('The noise root must be 32 bytes in hex');
  WA_CERT_DETAILS.PUBLIC_KEY = key;
}
