// Who exists: accounts, their devices, and the way from a JID to them.
import { createHash } from 'node:crypto';
import { deviceNumberOf, jidOf, serverOf, userOf, type Addressing, type BinaryNode } from './nodes.ts';
import type { KeyBundle } from './signal.ts';

/** Something stanzas can be delivered to: the phone itself (id 0) or a linked companion. */
export interface Device {
  readonly account: Account;
  readonly id: number;
  /** The keys for opening a session with it; spends a one-time prekey. */
  bundle(): Promise<KeyBundle>;
  /** Queued until the device acknowledges it. */
  deliver(stanza: BinaryNode): void;
  /** Lost when the device is not connected (presence, typing). */
  deliverNow(stanza: BinaryNode): void;
  /** The `to` the device used for a message of its own, so that receipts come back under the same name. */
  addressee(messageId: string): string | undefined;
}

/** One WhatsApp account: a number, a hidden id and its devices. */
export class Account {
  readonly number: string;
  readonly lidUser: string;
  addressing: Addressing;
  readonly devices = new Map<number, Device>();
  name: string;
  #nextDeviceId = 1;

  constructor(number: string, name: string, addressing: Addressing) {
    this.number = number;
    this.name = name;
    this.addressing = addressing;
    const digest = createHash('sha256').update(number).digest();
    this.lidUser = `1${String(digest.readUIntBE(0, 6) % 10 ** 14).padStart(14, '0')}`;
  }

  /** The account's JID in an addressing; with a device number, that device's. */
  jid(addressing: Addressing, device = 0): string {
    return jidOf(addressing === 'lid' ? this.lidUser : this.number, serverOf[addressing], device);
  }

  get pn(): string {
    return this.jid('pn');
  }

  get lid(): string {
    return this.jid('lid');
  }

  takeDeviceId(): number {
    return this.#nextDeviceId++;
  }
}

/** Finds accounts and devices by JID, in either form. */
export class Directory {
  readonly #byUser = new Map<string, Account>();

  get accounts(): Account[] {
    return [...new Set(this.#byUser.values())];
  }

  add(account: Account): void {
    if (this.#byUser.has(account.number)) throw new Error(`the number ${account.number} exists already`);
    this.#byUser.set(account.number, account);
    this.#byUser.set(account.lidUser, account);
  }

  account(jid: string | undefined): Account | undefined {
    const user = userOf(jid);
    return user === undefined ? undefined : this.#byUser.get(user);
  }

  byNumber(number: string): Account | undefined {
    return this.#byUser.get(number);
  }

  device(jid: string): Device | undefined {
    return this.account(jid)?.devices.get(deviceNumberOf(jid));
  }

  /** One name per conversation or person whatever form was used: the LID without device, or the group's own JID. */
  canonical(jid: string | undefined): string {
    if (jid === undefined) return '';
    return this.account(jid)?.lid ?? jid;
  }
}
