// A Signal endpoint in memory: the identity, the sessions and the sender keys of one simulated phone.
import {
  addTransactionCapability,
  DEFAULT_CONNECTION_CONFIG,
  generateSignalPubKey,
  initAuthCreds,
  Curve,
  type AuthenticationCreds,
  type SignalDataSet,
  type SignalDataTypeMap,
  type SignalKeyStore,
  type SignalKeyStoreWithTransaction,
} from '@whiskeysockets/baileys';
import { pino } from 'pino';
import { bigEndian } from './nodes.ts';
import { SenderKeys } from './sender-keys.ts';

/** A prekey as it travels: a 3-byte id and a 32-byte public key. */
export interface PreKey {
  readonly id: Buffer;
  readonly value: Buffer;
}

/** What somebody needs to open a session with a device. A missing `preKey` means the one-time keys ran out. */
export interface KeyBundle {
  readonly registration: Buffer;
  readonly identity: Buffer;
  readonly signedPreKey: PreKey & { readonly signature: Buffer };
  readonly preKey?: PreKey;
  /** A companion's ADV identity, signed by its phone. */
  readonly deviceIdentity?: Buffer;
}

/** One ciphertext and its kind: `pkmsg` opens a session, `msg` continues one. */
interface Sealed {
  readonly type: 'pkmsg' | 'msg';
  readonly ciphertext: Uint8Array;
}

/**
 * libsignal lines its work up by address over the whole process, and runs what stands in line in the async context of whoever came first, who may
 * have ended his transaction: two phones that write to one device would lose steps. So they wait for each other before.
 */
const lines = new Map<string, Promise<unknown>>();

async function inLine<T>(jid: string, work: () => Promise<T>): Promise<T> {
  const turn = (lines.get(jid) ?? Promise.resolve()).then(work);
  lines.set(
    jid,
    turn.catch(() => undefined),
  );
  return turn;
}

const silent = pino({ level: 'silent' });

/** Keys and sessions of one device, and its groups' sender keys; every address is a LID device JID. */
export class SignalEndpoint {
  readonly creds: AuthenticationCreds = initAuthCreds();
  readonly groups = new SenderKeys();
  readonly #keys: SignalKeyStoreWithTransaction = addTransactionCapability(memoryStore(), silent, {
    maxCommitRetries: 1,
    delayBetweenTriesMs: 0,
  });
  readonly #repository = DEFAULT_CONNECTION_CONFIG.makeSignalRepository(
    { creds: this.creds, keys: this.#keys },
    silent,
    async () => [],
  );
  #nextPreKeyId = 1;

  /** The bundle for whoever wants to write to us; each call spends a one-time prekey unless told to leave it out. */
  async bundle(withPreKey = true): Promise<KeyBundle> {
    const { signedPreKey, signedIdentityKey, registrationId } = this.creds;
    const common = {
      registration: bigEndian(registrationId, 4),
      identity: Buffer.from(signedIdentityKey.public),
      signedPreKey: {
        id: bigEndian(signedPreKey.keyId, 3),
        value: Buffer.from(signedPreKey.keyPair.public),
        signature: Buffer.from(signedPreKey.signature),
      },
    };
    if (!withPreKey) return common;
    const id = this.#nextPreKeyId++;
    const pair = Curve.generateKeyPair();
    await this.#keys.set({ 'pre-key': { [String(id)]: pair } });
    return { ...common, preKey: { id: bigEndian(id, 3), value: Buffer.from(pair.public) } };
  }

  async hasSession(jid: string): Promise<boolean> {
    return (await this.#repository.validateSession(jid)).exists;
  }

  /** Opens a new session from a bundle, in place of any earlier one. */
  async openSession(jid: string, bundle: KeyBundle): Promise<void> {
    const { preKey, signedPreKey } = bundle;
    const session = {
      registrationId: bundle.registration.readUIntBE(0, bundle.registration.length),
      identityKey: generateSignalPubKey(bundle.identity),
      signedPreKey: {
        keyId: signedPreKey.id.readUIntBE(0, 3),
        publicKey: generateSignalPubKey(signedPreKey.value),
        signature: signedPreKey.signature,
      },
      ...(preKey && {
        preKey: { keyId: preKey.id.readUIntBE(0, 3), publicKey: generateSignalPubKey(preKey.value) },
      }),
    };
    await inLine(jid, async () => this.#repository.injectE2ESession({ jid, session }));
  }

  async encrypt(jid: string, data: Uint8Array): Promise<Sealed> {
    return inLine(jid, async () => this.#repository.encryptMessage({ jid, data }));
  }

  async decrypt(jid: string, type: 'pkmsg' | 'msg', ciphertext: Uint8Array): Promise<Uint8Array> {
    return inLine(jid, async () => this.#repository.decryptMessage({ jid, type, ciphertext }));
  }

  close(): void {
    this.#repository.close?.();
  }
}

/** A Signal key store that lives as long as the process; also good as the key half of a test client's auth state. */
export function memoryStore(): SignalKeyStore {
  const rows = new Map<string, unknown>();
  return {
    get: <T extends keyof SignalDataTypeMap>(type: T, ids: string[]) => {
      const found: Record<string, SignalDataTypeMap[T]> = {};
      for (const id of ids) {
        const value = rows.get(`${type}/${id}`);
        if (value !== undefined) found[id] = value as SignalDataTypeMap[T];
      }
      return found;
    },
    set: (data: SignalDataSet) => {
      for (const [type, entries] of Object.entries(data)) {
        for (const [id, value] of Object.entries(entries ?? {})) {
          if (value === null || value === undefined) rows.delete(`${type}/${id}`);
          else rows.set(`${type}/${id}`, value);
        }
      }
    },
  };
}
