// Group encryption of the simulated phones: sender keys as Signal defines them, with signatures checked by Node's own Ed25519 because
// dozens of phones read every group message and libsignal's JavaScript takes some ten milliseconds for one check.
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createPublicKey,
  hkdfSync,
  randomBytes,
  randomInt,
  verify,
  type KeyObject,
} from 'node:crypto';
import { Curve, proto, type KeyPair } from '@whiskeysockets/baileys';
import { calculateSignature } from 'libsignal/src/curve.js';

interface Chain {
  iteration: number;
  key: Buffer;
  readonly signingKey: Buffer;
  /** Seeds of messages that were jumped over, by iteration. */
  readonly skipped: Map<number, Buffer>;
}

interface OwnChain extends Chain {
  readonly id: number;
  readonly signing: KeyPair;
}

/** Version 3 in both halves of the byte. */
const VERSION = Buffer.from([0x33]);
const SIGNATURE_LENGTH = 64;
/** How far ahead of the last message a key is still derived; apps refuse more. */
const FARTHEST = 2_000;

/** The sender keys one phone owns and has been handed. */
export class SenderKeys {
  readonly #own = new Map<string, OwnChain>();
  readonly #others = new Map<string, Chain>();

  /** The message that hands out our key of a group as it is now; the first call makes the key. */
  distribution(group: string): Uint8Array {
    const { id, iteration, key, signing } = this.#ownChain(group);
    const signingKey = Buffer.concat([Buffer.from([5]), signing.public]);
    const body = proto.SenderKeyDistributionMessage.encode({ id, iteration, chainKey: key, signingKey }).finish();
    return Buffer.concat([VERSION, body]);
  }

  /** Takes over a key somebody handed out. */
  accept(group: string, author: string, distribution: Uint8Array): void {
    const { id, iteration, chainKey, signingKey } = proto.SenderKeyDistributionMessage.decode(distribution.subarray(1));
    const name = `${group} ${author} ${id}`;
    this.#others.set(name, {
      iteration: iteration ?? 0,
      key: Buffer.from(chainKey ?? []),
      signingKey: Buffer.from(signingKey ?? []).subarray(-32),
      skipped: this.#others.get(name)?.skipped ?? new Map<number, Buffer>(),
    });
  }

  encrypt(group: string, plaintext: Uint8Array): Uint8Array {
    const chain = this.#ownChain(group);
    const { iteration, id, signing } = chain;
    const { iv, key } = messageKey(step(chain));
    const cipher = createCipheriv('aes-256-cbc', key, iv);
    const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
    const body = Buffer.concat([VERSION, proto.SenderKeyMessage.encode({ id, iteration, ciphertext }).finish()]);
    return Buffer.concat([body, calculateSignature(signing.private, body)]);
  }

  /** Throws when the key was never handed to us, was used already, or the signature is wrong. */
  decrypt(group: string, author: string, message: Uint8Array): Uint8Array {
    const body = message.subarray(0, -SIGNATURE_LENGTH);
    const { id, iteration, ciphertext } = proto.SenderKeyMessage.decode(body.subarray(1));
    const chain = this.#others.get(`${group} ${author} ${id}`);
    if (!chain) throw new Error('no sender key of this author');
    if (!isSigned(chain.signingKey, body, message.subarray(-SIGNATURE_LENGTH)))
      throw new Error('the signature is wrong');
    const { iv, key } = messageKey(seedFor(chain, iteration ?? 0));
    const decipher = createDecipheriv('aes-256-cbc', key, iv);
    return Buffer.concat([decipher.update(ciphertext ?? new Uint8Array()), decipher.final()]);
  }

  #ownChain(group: string): OwnChain {
    const known = this.#own.get(group);
    if (known) return known;
    const signing = Curve.generateKeyPair();
    const chain: OwnChain = {
      id: randomInt(2 ** 31 - 1),
      iteration: 0,
      key: randomBytes(32),
      signing,
      signingKey: Buffer.from(signing.public),
      skipped: new Map<number, Buffer>(),
    };
    this.#own.set(group, chain);
    return chain;
  }
}

/** The seed of the current message; the chain moves on. */
function step(chain: Chain): Buffer {
  const seed = createHmac('sha256', chain.key)
    .update(Buffer.from([1]))
    .digest();
  chain.key = createHmac('sha256', chain.key)
    .update(Buffer.from([2]))
    .digest();
  chain.iteration += 1;
  return seed;
}

function seedFor(chain: Chain, iteration: number): Buffer {
  if (iteration < chain.iteration) {
    const seed = chain.skipped.get(iteration);
    if (!seed) throw new Error(`old counter: ${iteration}, the chain is at ${chain.iteration}`);
    chain.skipped.delete(iteration);
    return seed;
  }
  if (iteration - chain.iteration > FARTHEST) throw new Error('too many messages in the future');
  while (chain.iteration < iteration) chain.skipped.set(chain.iteration, step(chain));
  return step(chain);
}

function messageKey(seed: Buffer): { iv: Buffer; key: Buffer } {
  const bytes = Buffer.from(hkdfSync('sha256', seed, Buffer.alloc(32), 'WhisperGroup', 48));
  return { iv: bytes.subarray(0, 16), key: bytes.subarray(16) };
}

const PRIME = 2n ** 255n - 19n;
const ED25519_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');
const edwardsKeys = new Map<string, KeyObject>();

/** Checks an XEdDSA signature: the Montgomery key's Edwards twin, whose sign travels in the signature's last bit. */
function isSigned(key: Buffer, message: Uint8Array, signature: Uint8Array): boolean {
  const plain = Buffer.from(signature);
  const sign = (plain[SIGNATURE_LENGTH - 1] ?? 0) & 0x80;
  plain[SIGNATURE_LENGTH - 1] = (plain[SIGNATURE_LENGTH - 1] ?? 0) & 0x7f;
  return verify(null, message, edwardsKey(key, sign), plain);
}

function edwardsKey(key: Buffer, sign: number): KeyObject {
  const name = `${key.toString('hex')}${sign}`;
  const known = edwardsKeys.get(name);
  if (known) return known;
  const u = BigInt(`0x${Buffer.from(key.toReversed()).toString('hex')}`) & (2n ** 255n - 1n);
  const y = (((u - 1n + PRIME) % PRIME) * power(u + 1n, PRIME - 2n)) % PRIME;
  const bytes = Buffer.from(Buffer.from(y.toString(16).padStart(64, '0'), 'hex').toReversed());
  bytes[31] = (bytes[31] ?? 0) | sign;
  const made = createPublicKey({ key: Buffer.concat([ED25519_PREFIX, bytes]), format: 'der', type: 'spki' });
  edwardsKeys.set(name, made);
  return made;
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  let factor = base % PRIME;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * factor) % PRIME;
    factor = (factor * factor) % PRIME;
  }
  return result;
}
