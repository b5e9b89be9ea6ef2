// A linked companion as the server knows it: its keys, its login credential, and the queue of stanzas it has not acknowledged yet.
import type { Account, Device, Directory } from './directory.ts';
import type { AccountFaults } from './faults.ts';
import { allChildren, child, node, secondsNow, type BinaryNode } from './nodes.ts';
import type { KeyBundle, PreKey } from './signal.ts';

/** The connection of a companion that is logged in. */
export interface Link {
  send(stanza: BinaryNode): void;
  /** Ends the TCP connection without a word. */
  destroy(): void;
}

interface Queued {
  readonly stanza: BinaryNode;
  readonly key: string;
  wasSent: boolean;
}

/** Below this many one-time prekeys the server asks for more; Baileys uploads when told of fewer than 5. */
const LOW_PREKEY_COUNT = 5;
/** How many `to` addresses of own messages are remembered. */
const REMEMBERED_ADDRESSEES = 5_000;

/** What is known of a companion from its linking. */
interface CompanionIdentity {
  readonly noiseKey: Buffer;
  readonly deviceIdentity: Buffer;
  readonly identity: Buffer;
  readonly registration: Buffer;
  readonly signedPreKey: KeyBundle['signedPreKey'];
}

/** One companion; it outlives its connections and keeps what it has not acknowledged. */
export class CompanionDevice implements Device {
  readonly account: Account;
  readonly id: number;
  readonly keyIndex: number;
  readonly deviceIdentity: Buffer;
  readonly noiseKey: Buffer;
  readonly #faults: AccountFaults;
  readonly #directory: Directory;
  readonly #addressees = new Map<string, string>();
  /** How often recipients asked for a message once more, by its id. */
  readonly #resendsDue = new Map<string, number>();
  #identity: Buffer;
  #registration: Buffer;
  #signedPreKey: KeyBundle['signedPreKey'];
  #preKeys: PreKey[] = [];
  #queue: Queued[] = [];
  #link: Link | undefined;
  #isLive = false;
  #isWaitingForRelease = false;
  #wasGreeted = false;
  /** Called once, after the first offline marker: the moment the phone sends keys and history. */
  onFirstLogin: (() => void) | undefined;

  constructor(account: Account, id: number, identity: CompanionIdentity, faults: AccountFaults, directory: Directory) {
    this.account = account;
    this.id = id;
    this.keyIndex = id;
    this.noiseKey = identity.noiseKey;
    this.deviceIdentity = identity.deviceIdentity;
    this.#identity = identity.identity;
    this.#registration = identity.registration;
    this.#signedPreKey = identity.signedPreKey;
    this.#faults = faults;
    this.#directory = directory;
  }

  get isOnline(): boolean {
    return this.#link !== undefined;
  }

  get link(): Link | undefined {
    return this.#link;
  }

  get preKeyCount(): number {
    return this.#preKeys.length;
  }

  /** Stanzas not acknowledged yet, oldest first. */
  get queue(): readonly BinaryNode[] {
    return this.#queue.map((entry) => entry.stanza);
  }

  attach(link: Link): void {
    this.#link = link;
    this.#isLive = false;
    this.#isWaitingForRelease = false;
  }

  detach(link: Link): void {
    if (this.#link !== link) return;
    this.#link = undefined;
    this.#isLive = false;
  }

  /** Takes over an upload of keys: identity, registration and signed prekey are replaced, one-time prekeys added. */
  upload(keys: Omit<KeyBundle, 'preKey' | 'deviceIdentity'>, preKeys: readonly PreKey[]): void {
    this.#identity = keys.identity;
    this.#registration = keys.registration;
    this.#signedPreKey = keys.signedPreKey;
    this.#preKeys.push(...preKeys);
  }

  rotate(signedPreKey: KeyBundle['signedPreKey']): void {
    this.#signedPreKey = signedPreKey;
  }

  /** Throws all one-time prekeys away and tells the companion so. */
  drainPreKeys(): void {
    this.#preKeys = [];
    this.#askForPreKeys();
  }

  async bundle(): Promise<KeyBundle> {
    const preKey = this.#preKeys.shift();
    if (preKey && this.#preKeys.length < LOW_PREKEY_COUNT) this.#askForPreKeys();
    return {
      registration: this.#registration,
      identity: this.#identity,
      signedPreKey: this.#signedPreKey,
      ...(preKey && { preKey }),
      deviceIdentity: this.deviceIdentity,
    };
  }

  deliver(stanza: BinaryNode): void {
    if (stanza.tag === 'receipt' && stanza.attrs['type'] === 'retry') this.#countResend(stanza.attrs['id'] ?? '', 1);
    const entry: Queued = { stanza, key: this.#keyOf(stanza), wasSent: false };
    this.#queue.push(entry);
    if (this.#isLive) this.#send(entry, stanza);
  }

  deliverNow(stanza: BinaryNode): void {
    if (this.#isLive) this.#link?.send(stanza);
  }

  /** The companion's receipt or ack for a delivered stanza: what it names leaves the queue. */
  acknowledge(answer: BinaryNode): void {
    if (this.#faults.forgetsAcks) return;
    const items = allChildren(child(answer, 'list')).map((item) => item.attrs['id'] ?? '');
    for (const id of [answer.attrs['id'] ?? '', ...items]) {
      const key = this.#answerKey(answer, id);
      this.#queue = this.#queue.filter((entry) => !entry.wasSent || entry.key !== key);
    }
  }

  /** True for a message the companion sends once more because a recipient asked; ack faults don't count those. */
  takeResend(messageId: string): boolean {
    if (!this.#resendsDue.has(messageId)) return false;
    this.#countResend(messageId, -1);
    return true;
  }

  remember(messageId: string, to: string): void {
    this.#addressees.set(messageId, to);
    if (this.#addressees.size <= REMEMBERED_ADDRESSEES) return;
    const oldest = this.#addressees.keys().next().value;
    if (oldest !== undefined) this.#addressees.delete(oldest);
  }

  addressee(messageId: string): string | undefined {
    return this.#addressees.get(messageId);
  }

  /** Sends the backlog, then the marker, then everything live. Called once the client said it is active. */
  replay(): void {
    const link = this.#link;
    if (!link || this.#isLive) return;
    if (this.#faults.isHolding) {
      this.#isWaitingForRelease = true;
      return;
    }
    const backlog = [...this.#queue];
    if (backlog.length > 0) link.send(node('ib', {}, [preview(backlog.map((entry) => entry.stanza))]));
    const cutAfter = this.#faults.takeReplayCut();
    for (const [index, entry] of backlog.entries()) {
      if (cutAfter === index) return link.destroy();
      this.#send(entry, { ...entry.stanza, attrs: { ...entry.stanza.attrs, offline: '0' } });
    }
    if (cutAfter !== undefined) return link.destroy();
    if (!this.#faults.omitsMarker) {
      link.send(node('ib', {}, [node('offline', { count: String(backlog.length) })]));
    }
    this.#isLive = true;
    if (this.#wasGreeted) return;
    this.#wasGreeted = true;
    this.onFirstLogin?.();
  }

  /** Lets a held queue go. */
  release(): void {
    if (!this.#isWaitingForRelease) return;
    this.#isWaitingForRelease = false;
    this.replay();
  }

  #send(entry: Queued, stanza: BinaryNode): void {
    entry.wasSent = true;
    this.#link?.send(stanza);
    if (stanza.tag === 'message' && this.#faults.takeDuplicate()) this.#link?.send(stanza);
  }

  #countResend(messageId: string, by: 1 | -1): void {
    const due = (this.#resendsDue.get(messageId) ?? 0) + by;
    if (due > 0) this.#resendsDue.set(messageId, due);
    else this.#resendsDue.delete(messageId);
  }

  #askForPreKeys(): void {
    this.deliver(
      node('notification', { from: '@s.whatsapp.net', type: 'encrypt', id: `keys-${Date.now()}`, t: secondsNow() }, [
        node('count', { value: String(this.#preKeys.length) }),
      ]),
    );
  }

  #keyOf(stanza: BinaryNode): string {
    const { from, participant, recipient, id, type } = stanza.attrs;
    return this.#key(stanza.tag, id, recipient ?? from, participant, type);
  }

  #answerKey(answer: BinaryNode, id: string): string {
    const { to, participant, recipient, type } = answer.attrs;
    const acknowledged = answer.tag === 'receipt' ? 'message' : (answer.attrs['class'] ?? '');
    return this.#key(acknowledged, id, recipient ?? to, participant, type);
  }

  #key(tag: string, id = '', chat?: string, participant?: string, type = ''): string {
    const where = `${tag} ${id} ${this.#directory.canonical(chat)} ${this.#directory.canonical(participant)}`;
    return tag === 'message' ? where : `${where} ${type}`;
  }
}

function preview(stanzas: readonly BinaryNode[]): BinaryNode {
  const count = (tag: string): string => String(stanzas.filter((stanza) => stanza.tag === tag).length);
  return node('offline_preview', {
    count: String(stanzas.length),
    message: count('message'),
    receipt: count('receipt'),
    notification: count('notification'),
    call: count('call'),
    appdata: '0',
  });
}
