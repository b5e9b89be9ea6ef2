// The server's half of Noise_XX_25519_AESGCM_SHA256: from the client's hello to the two transport ciphers.
import { createCipheriv, createDecipheriv, createHash, hkdfSync } from 'node:crypto';
import { Curve, proto, type KeyPair } from '@whiskeysockets/baileys';

const MODE = Buffer.from('Noise_XX_25519_AESGCM_SHA256\0\0\0\0');
const TAG_LENGTH = 16;

/** What the client proved and said in its last handshake message. */
export interface ClientFinish {
  readonly noiseKey: Buffer;
  readonly payload: proto.ClientPayload;
}

/** One handshake and, after it, the transport of one connection. */
export class ServerNoise {
  readonly #static: KeyPair;
  readonly #ephemeral = Curve.generateKeyPair();
  #hash: Buffer = MODE;
  #chainKey: Buffer = MODE;
  #key: Buffer = MODE;
  #counter = 0;
  #receive: Transport | undefined;
  #send: Transport | undefined;

  constructor(staticKey: KeyPair, intro: Uint8Array) {
    this.#static = staticKey;
    this.#mixHash(intro);
  }

  /** Reads the client's first message and returns ours, with the certificate chain inside. Throws on anything else. */
  hello(frame: Uint8Array, chain: Uint8Array): Buffer {
    const ephemeral = proto.HandshakeMessage.decode(frame).clientHello?.ephemeral;
    if (!ephemeral) throw new Error('client hello without an ephemeral key');
    this.#mixHash(ephemeral);
    this.#mixHash(this.#ephemeral.public);
    this.#mixKey(Curve.sharedKey(this.#ephemeral.private, ephemeral));
    const encryptedStatic = this.#encrypt(this.#static.public);
    this.#mixKey(Curve.sharedKey(this.#static.private, ephemeral));
    const payload = this.#encrypt(chain);
    const serverHello = { ephemeral: this.#ephemeral.public, static: encryptedStatic, payload };
    return Buffer.from(proto.HandshakeMessage.encode({ serverHello }).finish());
  }

  /** Reads the client's second message; from here on seal and open work. Throws when it does not decrypt. */
  finish(frame: Uint8Array): ClientFinish {
    const finish = proto.HandshakeMessage.decode(frame).clientFinish;
    if (!finish?.static || !finish.payload) throw new Error('client finish without static key or payload');
    const noiseKey = this.#decrypt(finish.static);
    this.#mixKey(Curve.sharedKey(this.#ephemeral.private, noiseKey));
    const payload = proto.ClientPayload.decode(this.#decrypt(finish.payload));
    const [fromClient, toClient] = expand(Buffer.alloc(0), this.#chainKey);
    this.#receive = new Transport(fromClient);
    this.#send = new Transport(toClient);
    return { noiseKey, payload };
  }

  /** Encrypts one frame for the client. */
  seal(plaintext: Uint8Array): Buffer {
    if (!this.#send) throw new Error('the handshake is not over');
    return this.#send.seal(plaintext);
  }

  /** Decrypts one frame of the client. */
  open(ciphertext: Uint8Array): Buffer {
    if (!this.#receive) throw new Error('the handshake is not over');
    return this.#receive.open(ciphertext);
  }

  #mixHash(data: Uint8Array): void {
    this.#hash = createHash('sha256').update(this.#hash).update(data).digest();
  }

  #mixKey(secret: Uint8Array): void {
    [this.#chainKey, this.#key] = expand(secret, this.#chainKey);
    this.#counter = 0;
  }

  #encrypt(plaintext: Uint8Array): Buffer {
    const sealed = seal(plaintext, this.#key, this.#counter++, this.#hash);
    this.#mixHash(sealed);
    return sealed;
  }

  #decrypt(ciphertext: Uint8Array): Buffer {
    const opened = open(ciphertext, this.#key, this.#counter++, this.#hash);
    this.#mixHash(ciphertext);
    return opened;
  }
}

class Transport {
  readonly #key: Buffer;
  #counter = 0;

  constructor(key: Buffer) {
    this.#key = key;
  }

  seal(plaintext: Uint8Array): Buffer {
    return seal(plaintext, this.#key, this.#counter++, Buffer.alloc(0));
  }

  open(ciphertext: Uint8Array): Buffer {
    return open(ciphertext, this.#key, this.#counter++, Buffer.alloc(0));
  }
}

function expand(secret: Uint8Array, salt: Uint8Array): [Buffer, Buffer] {
  const bytes = Buffer.from(hkdfSync('sha256', secret, salt, Buffer.alloc(0), 64));
  return [bytes.subarray(0, 32), bytes.subarray(32)];
}

function nonce(counter: number): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.writeUInt32BE(counter, 8);
  return bytes;
}

function seal(plaintext: Uint8Array, key: Buffer, counter: number, aad: Buffer): Buffer {
  const cipher = createCipheriv('aes-256-gcm', key, nonce(counter));
  cipher.setAAD(aad);
  return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

function open(ciphertext: Uint8Array, key: Buffer, counter: number, aad: Buffer): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, nonce(counter));
  decipher.setAAD(aad);
  decipher.setAuthTag(ciphertext.subarray(ciphertext.length - TAG_LENGTH));
  return Buffer.concat([decipher.update(ciphertext.subarray(0, -TAG_LENGTH)), decipher.final()]);
}
