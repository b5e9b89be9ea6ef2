// What is known of the persons in a stanza: their other address and their name, read from what was stored earlier.
import { BufferJSON } from '@whiskeysockets/baileys';
import type { AccountId } from '../../domain/ids.ts';
import type { SessionStore } from '../../domain/session.ts';
import { bareJid, isGroupJid, isLidJid, isPhoneJid, lidJid, phoneUserJid, userPart, type Jid } from './ids.ts';
import { canonical, type Known } from './people.ts';
import type { OwnJids } from './present.ts';
import type { Envelope } from './receive.ts';

/** Baileys' own table of pairs: number → LID, and `<LID>_reverse` → number. */
const MAPPING = 'lid-mapping';
const NAME = 'push-name';
const MOST_NAMES = 2_000;

export class Directory {
  readonly #account: AccountId;
  readonly #sessions: SessionStore;
  /** Names as last stored, so that an unchanged one isn't stored again. */
  readonly #names = new Map<Jid, string>();

  constructor(account: AccountId, sessions: SessionStore) {
    this.#account = account;
    this.#sessions = sessions;
  }

  /** Everything known about these JIDs, in whichever form they come. */
  async lookUp(me: OwnJids, jids: readonly string[]): Promise<Known> {
    const bare = [...new Set(jids.map(bareJid))].filter((jid) => jid !== undefined);
    const otherForm = await this.#otherForms(bare);
    if (me.lid !== undefined) otherForm.set(me.lid, me.phone).set(me.phone, me.lid);
    const named = bare.filter((jid) => isLidJid(jid) || isPhoneJid(jid) || isGroupJid(jid));
    const known: Known = { account: this.#account, me, otherForm, names: new Map() };
    const addresses = [...new Set(named.map((jid) => (isGroupJid(jid) ? jid : canonical(known, jid))))];
    return { ...known, names: await this.#namesOf(addresses) };
  }

  /** Keeps the name somebody sent along, for mentions and lists of names. */
  async learnName(known: Known, { authorAlt, authorJid, pushName }: Envelope): Promise<void> {
    if (pushName === undefined || pushName === '') return;
    const address = canonical(known, authorJid, authorAlt);
    if (known.names.get(address) !== pushName) await this.keepName(address, pushName);
  }

  /** Keeps the name of a person (by canonical address) or a group. */
  async keepName(address: Jid, name: string): Promise<void> {
    await this.#sessions.set(this.#account, [{ type: NAME, id: address, value: Buffer.from(name) }], []);
    this.#remember(address, name);
  }

  async #otherForms(jids: readonly Jid[]): Promise<Map<Jid, Jid>> {
    const keys = new Map<string, Jid>();
    for (const jid of jids) {
      if (isPhoneJid(jid)) keys.set(userPart(jid), jid);
      else if (isLidJid(jid)) keys.set(`${userPart(jid)}_reverse`, jid);
    }
    const forms = new Map<Jid, Jid>();
    if (keys.size === 0) return forms;
    const stored = await this.#sessions.get(this.#account, MAPPING, [...keys.keys()]);
    for (const [key, bytes] of stored) {
      const jid = keys.get(key);
      const user: unknown = JSON.parse(Buffer.from(bytes).toString(), BufferJSON.reviver);
      if (jid === undefined || typeof user !== 'string') continue;
      forms.set(jid, isPhoneJid(jid) ? lidJid(user) : phoneUserJid(user));
    }
    return forms;
  }

  async #namesOf(addresses: readonly Jid[]): Promise<Map<Jid, string>> {
    const names = new Map<Jid, string>();
    const missing: Jid[] = [];
    for (const address of addresses) {
      const name = this.#names.get(address);
      if (name === undefined) missing.push(address);
      else names.set(address, name);
    }
    if (missing.length === 0) return names;
    for (const [address, bytes] of await this.#sessions.get(this.#account, NAME, missing)) {
      const name = Buffer.from(bytes).toString();
      names.set(address, name);
      this.#remember(address, name);
    }
    return names;
  }

  #remember(address: Jid, name: string): void {
    this.#names.delete(address);
    this.#names.set(address, name);
    const [oldest] = this.#names.keys();
    if (this.#names.size > MOST_NAMES && oldest !== undefined) this.#names.delete(oldest);
  }
}
