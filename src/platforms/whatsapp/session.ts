// An Account's log-in state in the SessionStore: the credentials saved in order, the keys, and small things of our own beside them.
import { BufferJSON, initAuthCreds } from '@whiskeysockets/baileys';
import type { AuthenticationCreds } from '@whiskeysockets/baileys';
import type { AccountId } from '../../domain/ids.ts';
import type { SessionStore } from '../../domain/session.ts';
import { bareJid, type Jid } from './ids.ts';
import type { KeyStore } from './keys.ts';

const CREDS = 'creds';

/** Our own addresses, without device. */
export interface Me {
  readonly phone: Jid;
  readonly lid: Jid | undefined;
  readonly name: string | undefined;
}

/** Who `creds` belong to; undefined until the phone has confirmed the link. */
export function meOf(creds: AuthenticationCreds): Me | undefined {
  const phone = bareJid(creds.me?.id);
  if (phone === undefined || creds.account === undefined) return undefined;
  const name = creds.me?.name;
  return { phone, lid: bareJid(creds.me?.lid), name: name === undefined || name === '~' ? undefined : name };
}

/** True once the phone has confirmed the link; what a pairing code prepares doesn't count and is never stored. */
export function isLinked(creds: AuthenticationCreds): boolean {
  return meOf(creds) !== undefined;
}

/** One Account's session for the time of one connection: what Baileys is given as `auth`. */
export class Session {
  readonly creds: AuthenticationCreds;
  readonly keys: KeyStore;
  readonly #account: AccountId;
  readonly #sessions: SessionStore;
  readonly #onBroken: (error: unknown) => void;
  #saving: Promise<void> = Promise.resolve();
  #waiting: Buffer | undefined;
  #isClosed = false;

  private constructor(
    account: AccountId,
    sessions: SessionStore,
    keys: KeyStore,
    creds: AuthenticationCreds,
    onBroken: (error: unknown) => void,
  ) {
    this.creds = creds;
    this.#account = account;
    this.#sessions = sessions;
    this.#onBroken = onBroken;
    this.keys = keys;
    keys.ownJid = creds.me?.id;
  }

  /** The stored session; undefined when the Account isn't linked. */
  static async load(
    account: AccountId,
    sessions: SessionStore,
    keys: KeyStore,
    onBroken: (error: unknown) => void,
  ): Promise<Session | undefined> {
    const stored = (await sessions.get(account, CREDS, [CREDS])).get(CREDS);
    if (stored === undefined) return undefined;
    const creds = JSON.parse(Buffer.from(stored).toString(), BufferJSON.reviver) as AuthenticationCreds;
    return isLinked(creds) ? new Session(account, sessions, keys, creds, onBroken) : undefined;
  }

  /** A session for linking: in memory until the phone confirms. */
  static fresh(
    account: AccountId,
    sessions: SessionStore,
    keys: KeyStore,
    onBroken: (error: unknown) => void,
  ): Session {
    return new Session(account, sessions, keys, initAuthCreds(), onBroken);
  }

  /** Saves the credentials as they are now, after those before; only the newest of several waiting ones is written. */
  save(): void {
    if (this.#isClosed) return;
    this.keys.ownJid = this.creds.me?.id;
    if (!isLinked(this.creds)) return;
    const isIdle = this.#waiting === undefined;
    this.#waiting = Buffer.from(JSON.stringify(this.creds, BufferJSON.replacer));
    if (isIdle) this.#saving = this.#saving.then(() => this.#write());
  }

  /** Saves nothing new; resolves when all that was to be saved is saved, or has failed and been reported. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#saving;
  }

  async #write(): Promise<void> {
    const value = this.#waiting ?? null;
    this.#waiting = undefined;
    try {
      await this.#sessions.set(this.#account, [{ type: CREDS, id: CREDS, value }], []);
    } catch (error) {
      this.#onBroken(error);
    }
  }
}
