// Linking a companion: QR codes and pairing codes on the server's side, and the account's phone that vouches for the new device.
import { createHmac, pbkdf2Sync, randomBytes, createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';
import { Curve, generateSignalPubKey, proto, type KeyPair } from '@whiskeysockets/baileys';
import { calculateSignature, verifySignature } from 'libsignal/src/curve.js';
import { CompanionDevice } from './companion.ts';
import type { Account, Directory } from './directory.ts';
import type { Faults } from './faults.ts';
import { bytesOf, child, node, secondsNow, SERVER, type BinaryNode } from './nodes.ts';
import { waitFor } from './observations.ts';

/** A connection of a client that is not linked yet. */
export interface UnlinkedLink {
  readonly noiseKey: Buffer;
  readonly pairing: proto.ClientPayload.IDevicePairingRegistrationData;
  send(stanza: BinaryNode): void;
  /** Sends `<stream:error code="515">` and closes. */
  restart(): void;
}

interface Waiting {
  readonly link: UnlinkedLink;
  readonly refs: readonly string[];
  code?: { readonly number: string; readonly ref: Buffer; readonly wrappedEphemeral: Buffer };
  finish?: (advSecret: Buffer) => void;
  primary?: { readonly ephemeral: KeyPair; readonly companionEphemeral: Buffer };
  pairId?: string;
  onSigned?: (identity: Buffer) => void;
}

const ACCOUNT_SIGNATURE = Buffer.from([6, 0]);
const DEVICE_SIGNATURE = Buffer.from([6, 1]);
/** What WhatsApp Web derives the wrapping key of a pairing code with. */
const CODE_ITERATIONS = 131_072;
const QR_COUNT = 6;
const LINK_TIMEOUT_MS = 10_000;
const CODE_TIMEOUT_MS = 3_000;

/** Knows every client that shows a QR code or waits for its pairing code to be typed. */
export class Linking {
  readonly #directory: Directory;
  readonly #faults: Faults;
  readonly #waiting = new Set<Waiting>();
  readonly #watchers = new Set<() => void>();

  constructor(directory: Directory, faults: Faults) {
    this.#directory = directory;
    this.#faults = faults;
  }

  /** Offers a fresh client its QR codes. */
  offer(link: UnlinkedLink): void {
    const refs = Array.from({ length: QR_COUNT }, () => `2@${randomBytes(48).toString('base64url')}`);
    this.#waiting.add({ link, refs });
    const content = refs.map((ref) => node('ref', {}, Buffer.from(ref)));
    link.send(
      node('iq', { from: `@${SERVER}`, type: 'set', id: newId(), xmlns: 'md' }, [node('pair-device', {}, content)]),
    );
  }

  /** The client is gone: its codes are worth nothing. */
  withdraw(link: UnlinkedLink): void {
    for (const waiting of this.#waiting) if (waiting.link === link) this.#waiting.delete(waiting);
  }

  /** The phone's camera saw a QR text: links the client that shows it. Throws for a code nobody shows any more. */
  async scan(account: Account, identity: KeyPair, text: string): Promise<CompanionDevice> {
    const [ref, noise, companionIdentity, advSecret] = text.slice(text.indexOf('#') + 1).split(',');
    const waiting = [...this.#waiting].find((entry) => ref !== undefined && entry.refs.includes(ref));
    if (!waiting || !noise || !companionIdentity || !advSecret) throw new Error('this QR code is not valid any more');
    const { noiseKey, pairing } = waiting.link;
    const isSame =
      noiseKey.equals(Buffer.from(noise, 'base64')) &&
      Buffer.from(pairing.eIdent ?? []).equals(Buffer.from(companionIdentity, 'base64'));
    if (!isSame) throw new Error('the QR code names other keys than the client that shows it');
    return this.#link(account, identity, waiting, Buffer.from(advSecret, 'base64'));
  }

  /** The person typed a pairing code into the phone. Throws when no client waits for this code of this number. */
  async typeCode(account: Account, identity: KeyPair, code: string): Promise<CompanionDevice> {
    const asked = (): Waiting | undefined => [...this.#waiting].find((entry) => entry.code?.number === account.number);
    // The client shows its code before the server has heard of it.
    const waiting = await waitFor(this.#watchers, asked, CODE_TIMEOUT_MS, 'a companion that shows a pairing code');
    if (!waiting.code) throw new Error('the pairing code is not valid any more');
    const typed = code.replace(/[^0-9A-Z]/gi, '').toUpperCase();
    const companionEphemeral = unwrapKey(waiting.code.wrappedEphemeral, typed);
    const ephemeral = Curve.generateKeyPair();
    waiting.primary = { ephemeral, companionEphemeral };
    const answered = new Promise<Buffer>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error('the companion did not finish pairing; is the code right?')),
        LINK_TIMEOUT_MS,
      );
      waiting.finish = (bundle) => {
        clearTimeout(timer);
        resolve(bundle);
      };
    });
    waiting.link.send(
      node('notification', { from: SERVER, type: 'link_code_companion_reg', id: newId(), t: secondsNow() }, [
        node('link_code_companion_reg', { stage: 'primary_hello' }, [
          node('link_code_pairing_wrapped_primary_ephemeral_pub', {}, wrapKey(ephemeral.public, typed)),
          node('primary_identity_pub', {}, identity.public),
          node('link_code_pairing_ref', {}, waiting.code.ref),
        ]),
      ]),
    );
    const advSecret = readKeyBundle(await answered, waiting.primary, identity);
    return this.#link(account, identity, waiting, advSecret);
  }

  /** A stanza of an unlinked client; returns the answer to a query, or undefined when nothing is to be sent. */
  receive(link: UnlinkedLink, stanza: BinaryNode): BinaryNode | undefined {
    const waiting = [...this.#waiting].find((entry) => entry.link === link);
    if (!waiting || stanza.tag !== 'iq') return undefined;
    const { id, type } = stanza.attrs;
    const sign = child(child(stanza, 'pair-device-sign'), 'device-identity');
    if (type === 'result') {
      if (sign && id === waiting.pairId) waiting.onSigned?.(bytesOf(sign));
      return undefined;
    }
    const request = child(stanza, 'link_code_companion_reg');
    const answer = (content?: BinaryNode[]): BinaryNode => node('iq', { from: SERVER, type: 'result', id }, content);
    if (request?.attrs['stage'] === 'companion_hello') {
      const ref = randomBytes(16);
      waiting.code = {
        number: (request.attrs['jid'] ?? '').split('@')[0] ?? '',
        ref,
        wrappedEphemeral: bytesOf(child(request, 'link_code_pairing_wrapped_companion_ephemeral_pub')),
      };
      for (const watcher of this.#watchers) watcher();
      return answer([node('link_code_companion_reg', {}, [node('link_code_pairing_ref', {}, ref)])]);
    }
    if (request?.attrs['stage'] === 'companion_finish') {
      waiting.finish?.(bytesOf(child(request, 'link_code_pairing_wrapped_key_bundle')));
    }
    return answer();
  }

  async #link(account: Account, identity: KeyPair, waiting: Waiting, advSecret: Buffer): Promise<CompanionDevice> {
    const { link } = waiting;
    const { eIdent, eRegid, eSkeyId, eSkeySig, eSkeyVal } = link.pairing;
    if (!eIdent || !eRegid || !eSkeyId || !eSkeySig || !eSkeyVal) throw new Error('the client sent no device keys');
    const deviceId = account.takeDeviceId();
    const details = proto.ADVDeviceIdentity.encode({
      rawId: randomBytes(4).readUInt32BE(0),
      timestamp: Math.floor(Date.now() / 1000),
      keyIndex: deviceId,
      accountType: proto.ADVEncryptionType.E2EE,
      deviceType: proto.ADVEncryptionType.E2EE,
    }).finish();
    const message = Buffer.concat([ACCOUNT_SIGNATURE, details, eIdent]);
    const signed = proto.ADVSignedDeviceIdentity.encode({
      details,
      accountSignatureKey: identity.public,
      accountSignature: calculateSignature(Buffer.from(identity.private), message),
    }).finish();
    const hmac = createHmac('sha256', advSecret).update(signed).digest();
    waiting.pairId = newId();
    const answered = new Promise<Buffer>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('the companion did not sign its identity')), LINK_TIMEOUT_MS);
      waiting.onSigned = (bytes) => {
        clearTimeout(timer);
        resolve(bytes);
      };
    });
    link.send(
      node('iq', { from: SERVER, type: 'set', id: waiting.pairId, xmlns: 'md' }, [
        node('pair-success', {}, [
          node('device-identity', {}, proto.ADVSignedDeviceIdentityHMAC.encode({ details: signed, hmac }).finish()),
          node('device', { jid: account.jid('pn', deviceId), lid: account.jid('lid', deviceId) }),
          node('platform', { name: 'android' }),
        ]),
      ]),
    );
    const reply = proto.ADVSignedDeviceIdentity.decode(await answered);
    reply.accountSignatureKey = identity.public;
    const proof = Buffer.concat([DEVICE_SIGNATURE, details, eIdent, identity.public]);
    const key = generateSignalPubKey(Buffer.from(eIdent));
    if (!verifySignature(key, proof, reply.deviceSignature ?? new Uint8Array(64))) {
      throw new Error('the companion signed its identity wrongly');
    }
    const device = new CompanionDevice(
      account,
      deviceId,
      {
        noiseKey: link.noiseKey,
        deviceIdentity: Buffer.from(proto.ADVSignedDeviceIdentity.encode(reply).finish()),
        identity: Buffer.from(eIdent),
        registration: Buffer.from(eRegid),
        signedPreKey: { id: Buffer.from(eSkeyId), value: Buffer.from(eSkeyVal), signature: Buffer.from(eSkeySig) },
      },
      this.#faults.of(account),
      this.#directory,
    );
    account.devices.set(deviceId, device);
    this.#waiting.delete(waiting);
    link.restart();
    return device;
  }
}

function newId(): string {
  return randomBytes(6).toString('hex');
}

function codeKey(code: string, salt: Uint8Array): Buffer {
  return pbkdf2Sync(code, salt, CODE_ITERATIONS, 32, 'sha256');
}

function wrapKey(key: Uint8Array, code: string): Buffer {
  const salt = randomBytes(32);
  const iv = randomBytes(16);
  const cipher = createCipheriv('aes-256-ctr', codeKey(code, salt), iv);
  return Buffer.concat([salt, iv, cipher.update(key), cipher.final()]);
}

function unwrapKey(wrapped: Buffer, code: string): Buffer {
  const decipher = createDecipheriv('aes-256-ctr', codeKey(code, wrapped.subarray(0, 32)), wrapped.subarray(32, 48));
  return Buffer.concat([decipher.update(wrapped.subarray(48, 80)), decipher.final()]);
}

/** Opens the companion's last message and derives the ADV secret both sides now share. Throws when the typed code was wrong. */
function readKeyBundle(
  bundle: Buffer,
  primary: { readonly ephemeral: KeyPair; readonly companionEphemeral: Buffer },
  identity: KeyPair,
): Buffer {
  const shared = Curve.sharedKey(primary.ephemeral.private, primary.companionEphemeral);
  const salt = bundle.subarray(0, 32);
  const key = hkdfSync('sha256', shared, salt, 'link_code_pairing_key_bundle_encryption_key', 32);
  const sealed = bundle.subarray(44);
  const decipher = createDecipheriv('aes-256-gcm', Buffer.from(key), bundle.subarray(32, 44));
  decipher.setAuthTag(sealed.subarray(-16));
  const opened = Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]);
  const companionIdentity = opened.subarray(0, 32);
  const random = opened.subarray(64, 96);
  const identityShared = Curve.sharedKey(identity.private, companionIdentity);
  const secret = Buffer.concat([shared, identityShared, random]);
  return Buffer.from(hkdfSync('sha256', secret, Buffer.alloc(0), 'adv_secret', 32));
}
