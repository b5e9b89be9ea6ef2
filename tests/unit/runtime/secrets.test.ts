// Sealing, key rotation, finding and making the key, and signed links.
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadKey, SecretsError, Vault } from '../../../src/runtime/secrets.ts';

const key = (): Buffer => randomBytes(32);
const context = 'session|a1|pre-key|7';

describe('sealing', () => {
  test.each([0, 1, 600, 100_000])('opens %i bytes as they were', (length) => {
    const vault = new Vault({ current: key() });
    const plain = randomBytes(length);
    const sealed = vault.seal(plain, context);
    expect(vault.open(sealed, context)).toEqual(plain);
    expect(sealed.length).toBe(length + 33);
  });

  test('leaves nothing of the value to be seen', () => {
    const plain = randomBytes(64);
    const sealed = new Vault({ current: key() }).seal(plain, context);
    for (let at = 0; at <= plain.length - 4; at += 1) expect(sealed.includes(plain.subarray(at, at + 4))).toBe(false);
  });

  test('opens from a view into a larger buffer, as a database client gives it', () => {
    const vault = new Vault({ current: key() });
    const sealed = vault.sealText('hello', context);
    const around = new Uint8Array(sealed.length + 9);
    around.set(sealed, 5);
    expect(vault.openText(around.subarray(5, 5 + sealed.length), context)).toBe('hello');
  });

  test('seals the same value differently each time', () => {
    const vault = new Vault({ current: key() });
    expect(vault.sealText('x', context)).not.toEqual(vault.sealText('x', context));
  });

  test('does not open a value that was moved to another row', () => {
    const vault = new Vault({ current: key() });
    expect(() => vault.open(vault.sealText('x', context), 'session|a2|pre-key|7')).toThrow(SecretsError);
  });

  test('does not open a value in which any one bit changed', () => {
    const vault = new Vault({ current: key() });
    const sealed = vault.sealText('hello', context);
    for (let at = 0; at < sealed.length * 8; at += 1) {
      const damaged = Buffer.from(sealed);
      damaged.writeUInt8(damaged.readUInt8(at >> 3) ^ (1 << (at & 7)), at >> 3);
      expect(() => vault.open(damaged, context), `bit ${at}`).toThrow(SecretsError);
    }
  });

  test.each([0, 1, 32])('says that %i bytes are no envelope', (length) => {
    expect(() => new Vault({ current: key() }).open(new Uint8Array(length).fill(1), context)).toThrow('damaged');
  });

  test('names the setting when the key is another one', () => {
    const sealed = new Vault({ current: key() }).sealText('x', context);
    expect(() => new Vault({ current: key() }).open(sealed, context)).toThrow('ENCRYPTION_KEY');
  });
});

describe('rotation', () => {
  test('opens old values with the previous key and asks for them to be sealed anew', () => {
    const [old, current] = [key(), key()];
    const sealed = new Vault({ current: old }).sealText('x', context);
    const vault = new Vault({ current, previous: old });
    expect(vault.openText(sealed, context)).toBe('x');
    expect(vault.needsReseal(sealed)).toBe(true);

    const anew = vault.sealText(vault.openText(sealed, context), context);
    expect(vault.needsReseal(anew)).toBe(false);
    expect(new Vault({ current }).openText(anew, context)).toBe('x');
  });

  test('the check tells the right key, the previous one and a wrong one apart', () => {
    const [old, current] = [key(), key()];
    const check = new Vault({ current: old }).sealCheck();
    const rotated = new Vault({ current, previous: old });
    expect(new Vault({ current: old }).matchesCheck(check)).toBe(true);
    expect(rotated.matchesCheck(check)).toBe(true);
    expect(rotated.needsReseal(check)).toBe(true);
    expect(new Vault({ current }).matchesCheck(check)).toBe(false);
    expect(rotated.matchesCheck(new Uint8Array(3))).toBe(false);
  });
});

describe('the key', () => {
  let dataDir: string;
  beforeEach(async () => {
    dataDir = await mkdtemp(path.join(os.tmpdir(), 'switchboard-key-'));
  });
  afterEach(() => rm(dataDir, { recursive: true, force: true }));

  const load = (env?: string, previous?: string) => loadKey({ env, previous, dataDir });

  test('from the environment is used as it is, and nothing is written', async () => {
    const [current, previous] = [key(), key()];
    const loaded = await load(current.toString('base64'), previous.toString('base64'));
    expect(loaded).toEqual({ keys: { current, previous }, wasMade: false });
    expect(await readdir(dataDir)).toEqual([]);
  });

  test.each([
    ['too short', randomBytes(31).toString('base64')],
    ['too long', randomBytes(33).toString('base64')],
    ['hexadecimal', randomBytes(32).toString('hex')],
    ['not base64', 'change me'],
    ['an example', Buffer.alloc(32, 7).toString('base64')],
  ])('that is %s is refused, by the name of its setting', async (_case, text) => {
    await expect(load(text)).rejects.toThrow(/^ENCRYPTION_KEY /);
    await expect(load(key().toString('base64'), text)).rejects.toThrow(/^ENCRYPTION_KEY_PREVIOUS /);
  });

  test('is made once, readable by its owner only, and found again', async () => {
    const first = await load();
    const second = await load(undefined, '');
    expect(first.wasMade).toBe(true);
    expect(second.wasMade).toBe(false);
    expect(second.keys).toEqual(first.keys);
    expect(await readdir(dataDir)).toEqual(['encryption.key']);
    expect((await stat(path.join(dataDir, 'encryption.key'))).mode & 0o777).toBe(0o600);
  });

  test('is one and the same for processes that start at once', async () => {
    const loaded = await Promise.all(Array.from({ length: 20 }, () => load()));
    expect(new Set(loaded.map(({ keys }) => keys.current.toString('hex'))).size).toBe(1);
    expect(loaded.filter(({ wasMade }) => wasMade)).toHaveLength(1);
    expect(await readdir(dataDir)).toEqual(['encryption.key']);
  });

  test('file that is damaged is named and left as it is', async () => {
    const file = path.join(dataDir, 'encryption.key');
    await writeFile(file, 'half a ke');
    await expect(load()).rejects.toThrow(file);
    expect(await readFile(file, 'utf8')).toBe('half a ke');
  });
});

describe('links', () => {
  const now = new Date('2026-03-01T12:00:00Z');
  const later = new Date('2026-03-01T12:10:00Z');

  test('are read until they expire', () => {
    const vault = new Vault({ current: key() });
    const token = vault.signLink('media|m1|a2|ünï', later);
    expect(token).toMatch(/^[\w.-]+$/);
    expect(vault.readLink(token, now)).toEqual({ payload: 'media|m1|a2|ünï' });
    expect(vault.readLink(token, later)).toEqual({ refused: 'expired' });
  });

  test('outlive a rotation, and no more than one', () => {
    const [old, current] = [key(), key()];
    const token = new Vault({ current: old }).signLink('media|m1', later);
    expect(new Vault({ current, previous: old }).readLink(token, now)).toEqual({ payload: 'media|m1' });
    expect(new Vault({ current }).readLink(token, now)).toEqual({ refused: 'invalid' });
  });

  test('that were changed in any character are refused', () => {
    const vault = new Vault({ current: key() });
    const token = vault.signLink('media|m1', later);
    for (let at = 0; at < token.length; at += 1) {
      const other = token[at] === 'A' ? 'B' : 'A';
      expect(vault.readLink(token.slice(0, at) + other + token.slice(at + 1), now), `character ${at}`).toEqual({
        refused: 'invalid',
      });
    }
  });

  test.each(['', '.', '..', '...', 'a.b', 'a.b.c', 'a.b.c.d'])('made of %j are refused', (token) => {
    expect(new Vault({ current: key() }).readLink(token, now)).toEqual({ refused: 'invalid' });
  });
});
