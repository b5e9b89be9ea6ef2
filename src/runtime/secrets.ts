// Secrets at rest: finds or makes the key, seals and opens values with it, and signs links that expire.
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, link, mkdir, open, readFile, rm } from 'node:fs/promises';
import path from 'node:path';

const KEY_BYTES = 32;
const KEY_FILE = 'encryption.key';

/** A key that can't be used, or a value that doesn't open; the message is a sentence and holds nothing secret. */
export class SecretsError extends Error {
  override readonly name = 'SecretsError';
}

/** The keys of an installation, 32 bytes each. */
export interface Keys {
  readonly current: Buffer;
  /** Opens what was sealed before the key was changed; seals nothing. */
  readonly previous?: Buffer;
}

/**
 * Finds the keys: `env` and `previous` are ENCRYPTION_KEY and ENCRYPTION_KEY_PREVIOUS, base64 of exactly 32 bytes each.
 * Without `env`, the key in `<dataDir>/encryption.key` is used, and made at the first start (`wasMade`: then the person
 * must hear that it needs a safe copy); two processes that start at once get the same one. Throws SecretsError.
 */
export async function loadKey(options: {
  readonly env: string | undefined;
  readonly previous: string | undefined;
  readonly dataDir: string;
}): Promise<{ keys: Keys; wasMade: boolean; file?: string }> {
  const { env, dataDir } = options;
  const previous = options.previous ? { previous: parseKey(options.previous, 'ENCRYPTION_KEY_PREVIOUS') } : {};
  if (env) return { keys: { current: parseKey(env, 'ENCRYPTION_KEY'), ...previous }, wasMade: false };

  const file = path.resolve(dataDir, KEY_FILE);
  const wasMade = await makeKeyFile(file);
  return { keys: { current: parseKey(await readFile(file, 'utf8'), file), ...previous }, wasMade, file };
}

function parseKey(text: string, source: string): Buffer {
  const trimmed = text.trim();
  const key = Buffer.from(trimmed, 'base64');
  if (key.length !== KEY_BYTES || key.toString('base64').replace(/=+$/, '') !== trimmed.replace(/=+$/, '')) {
    throw new SecretsError(
      `${source} must hold exactly 32 bytes in base64, as \`openssl rand -base64 32\` makes them.`,
    );
  }
  // A key of one repeated byte is an example that somebody copied.
  if (key.every((byte) => byte === key[0]))
    throw new SecretsError(`${source} is an example, not a key. Make one with \`openssl rand -base64 32\`.`);
  return key;
}

/** Makes the file with a new key unless it is there. It appears under its name only when it is complete. */
async function makeKeyFile(file: string): Promise<boolean> {
  await mkdir(path.dirname(file), { recursive: true });
  const draft = `${file}.new-${randomBytes(6).toString('hex')}`;
  const handle = await open(draft, 'wx', 0o600);
  try {
    await handle.writeFile(`${randomBytes(KEY_BYTES).toString('base64')}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  try {
    // Some file systems have no hard links; there, a copy that overwrites nothing.
    await link(draft, file).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') throw error;
      return copyFile(draft, file, constants.COPYFILE_EXCL);
    });
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw new SecretsError(`The encryption key can't be written to ${file}.`, { cause: error });
  } finally {
    await rm(draft, { force: true });
  }
}

// An envelope: version (1 byte), key id (4), nonce (12), tag (16), ciphertext.
const VERSION = 1;
const ID_END = 5;
const NONCE_END = 17;
const TAG_END = 33;

const CHECK_CONTEXT = 'key check';
const CHECK_TEXT = 'this is the key of this database';

/** What a link was made for, or why it isn't honoured. */
export type ReadLink = { readonly payload: string } | { readonly refused: 'invalid' | 'expired' };

interface DerivedKeys {
  readonly id: Buffer;
  readonly seal: Buffer;
  readonly link: Buffer;
}

/**
 * Seals values with AES-256-GCM. Each value is bound to its *context*, a string that names its place, such as
 * `session|<account>|<type>|<id>`: moved to another row, it doesn't open. The context also derives the key that is used,
 * so that the number of values one AES key may seal with random nonces (2^32, NIST SP 800-38D §8.3) holds for each
 * place by itself.
 */
export class Vault {
  readonly #current: DerivedKeys;
  readonly #previous: DerivedKeys | undefined;

  constructor(keys: Keys) {
    this.#current = derive(keys.current);
    this.#previous = keys.previous === undefined ? undefined : derive(keys.previous);
  }

  /** Seals bytes for the place that `context` names. The result is 33 bytes longer and different each time. */
  seal(plain: Uint8Array, context: string): Buffer {
    const nonce = randomBytes(NONCE_END - ID_END);
    const head = Buffer.concat([Buffer.of(VERSION), this.#current.id]);
    const cipher = createCipheriv('aes-256-gcm', placeKey(this.#current, context), nonce);
    cipher.setAAD(Buffer.concat([head, Buffer.from(context)]));
    const ciphertext = cipher.update(plain);
    cipher.final();
    return Buffer.concat([head, nonce, cipher.getAuthTag(), ciphertext]);
  }

  /** Opens what `seal` made for the same context, with the current or the previous key. Throws SecretsError. */
  open(sealed: Uint8Array, context: string): Buffer {
    const bytes = asBuffer(sealed);
    if (bytes.length < TAG_END || bytes[0] !== VERSION)
      throw new SecretsError('A stored secret is damaged: it is not an envelope of this program.');
    const keys = this.#keysOf(bytes);
    if (keys === undefined) {
      throw new SecretsError(
        'A stored secret was sealed with another key: set ENCRYPTION_KEY (or ENCRYPTION_KEY_PREVIOUS) to that one.',
      );
    }
    const decipher = createDecipheriv('aes-256-gcm', placeKey(keys, context), bytes.subarray(ID_END, NONCE_END), {
      authTagLength: TAG_END - NONCE_END,
    });
    decipher.setAAD(Buffer.concat([bytes.subarray(0, ID_END), Buffer.from(context)]));
    decipher.setAuthTag(bytes.subarray(NONCE_END, TAG_END));
    const plain = decipher.update(bytes.subarray(TAG_END));
    try {
      decipher.final();
    } catch (error) {
      throw new SecretsError('A stored secret is damaged, or stands in a place that it was not made for.', {
        cause: error,
      });
    }
    return plain;
  }

  /** `seal` for text. */
  sealText(plain: string, context: string): Buffer {
    return this.seal(Buffer.from(plain), context);
  }

  /** `open` for text. */
  openText(sealed: Uint8Array, context: string): string {
    return this.open(sealed, context).toString();
  }

  /** Whether a value is not sealed with the current key: open it and seal it anew, and the previous key can go. */
  needsReseal(sealed: Uint8Array): boolean {
    return !asBuffer(sealed).subarray(1, ID_END).equals(this.#current.id);
  }

  /** What stands behind the first byte of everything sealed with the current key. */
  get keyId(): Buffer {
    return Buffer.from(this.#current.id);
  }

  /** What the database keeps, so that a start with another key is noticed before anything is written. */
  sealCheck(): Buffer {
    return this.sealText(CHECK_TEXT, CHECK_CONTEXT);
  }

  /** Whether the database with this check is ours to open: with the current or the previous key (`needsReseal` tells which). */
  matchesCheck(sealed: Uint8Array): boolean {
    try {
      return this.openText(sealed, CHECK_CONTEXT) === CHECK_TEXT;
    } catch (error) {
      if (error instanceof SecretsError) return false;
      throw error;
    }
  }

  /**
   * A token for an address: `payload`, readable by all but not to be changed, good until `expiresAt` (whole seconds).
   * Begin the payload with what it is for (`media|…`), and check that when reading: all links share one key.
   */
  signLink(payload: string, expiresAt: Date): string {
    const body = `${Buffer.from(payload).toString('base64url')}.${Math.floor(expiresAt.getTime() / 1000).toString(36)}`;
    return `${body}.${sign(this.#current, body)}`;
  }

  /** Reads a token from anywhere; never throws. Links signed with the previous key are still honoured. */
  readLink(token: string, now: Date): ReadLink {
    const [payload, expiry, signature, ...rest] = token.split('.');
    if (payload === undefined || expiry === undefined || signature === undefined || rest.length > 0)
      return { refused: 'invalid' };
    const given = Buffer.from(signature);
    const isOurs = [this.#current, this.#previous].some(
      (keys) => keys !== undefined && isSame(given, Buffer.from(sign(keys, `${payload}.${expiry}`))),
    );
    if (!isOurs) return { refused: 'invalid' };
    if (now.getTime() >= Number.parseInt(expiry, 36) * 1000) return { refused: 'expired' };
    return { payload: Buffer.from(payload, 'base64url').toString() };
  }

  #keysOf(sealed: Buffer): DerivedKeys | undefined {
    const id = sealed.subarray(1, ID_END);
    return [this.#current, this.#previous].find((keys) => keys?.id.equals(id));
  }
}

function derive(key: Buffer): DerivedKeys {
  const part = (purpose: string, bytes: number): Buffer =>
    Buffer.from(hkdfSync('sha256', key, '', `switchboard ${purpose}`, bytes));
  return { id: part('key id', ID_END - 1), seal: part('seal', KEY_BYTES), link: part('link', KEY_BYTES) };
}

function placeKey(keys: DerivedKeys, context: string): Buffer {
  return createHmac('sha256', keys.seal).update(context).digest();
}

function sign(keys: DerivedKeys, body: string): string {
  return createHmac('sha256', keys.link).update(body).digest('base64url');
}

function isSame(left: Buffer, right: Buffer): boolean {
  return left.length === right.length && timingSafeEqual(left, right);
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
