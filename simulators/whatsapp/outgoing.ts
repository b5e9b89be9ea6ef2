// A phone's sending side: encrypts a message for every device it is for and hands it to the server.
import { encodeWAMessage, proto } from '@whiskeysockets/baileys';
import type { Account, Device, Directory } from './directory.ts';
import type { Group } from './groups.ts';
import { isGroup, node, STATUS, type BinaryNode } from './nodes.ts';
import type { KeyBundle, SignalEndpoint } from './signal.ts';

/** What the sending side needs of the phone. */
interface OutgoingParts {
  readonly account: Account;
  readonly signal: SignalEndpoint;
  readonly directory: Directory;
  group(jid: string): Group | undefined;
  submit(stanza: BinaryNode): void;
}

interface Sent {
  readonly to: string;
  readonly message: proto.IMessage;
  readonly attrs: Readonly<Record<string, string>>;
}

const { MESSAGE_EDIT, REVOKE } = proto.Message.ProtocolMessage.Type;

/** Sends messages and remembers them for whoever asks again. */
export class Outgoing {
  readonly #parts: OutgoingParts;
  readonly #sent = new Map<string, Sent>();
  readonly #haveSenderKey = new Map<string, Set<string>>();

  constructor(parts: OutgoingParts) {
    this.#parts = parts;
  }

  /** Encrypts and submits; `to` is a group's JID or a person's, in any form. */
  async send(to: string, id: string, message: proto.IMessage): Promise<void> {
    const attrs = attributesOf(message);
    this.#sent.set(id, { to, message, attrs });
    if (isGroup(to)) await this.#toGroup(to, id, message, attrs);
    else await this.#direct(to, id, message, attrs);
  }

  /** A status for an audience; everybody is handed the sender key each time. */
  async sendStatus(id: string, message: proto.IMessage, audience: readonly Account[]): Promise<void> {
    const { account, signal } = this.#parts;
    const to = STATUS;
    const distribution = signal.groups.distribution(to);
    const ciphertext = signal.groups.encrypt(to, encodeWAMessage(message));
    const keys = encodeWAMessage({ senderKeyDistributionMessage: distributionMessage(to, distribution) });
    const targets = [account, ...audience].flatMap((viewer) => [...viewer.devices.values()]);
    const entries = await this.#entries(targets, () => keys);
    const content = [node('participants', {}, entries), node('enc', { v: '2', type: 'skmsg' }, ciphertext)];
    this.#sent.set(id, { to, message, attrs: { type: 'text' } });
    this.#parts.submit(node('message', { id, to, type: 'text' }, content));
  }

  /** A message for the account's own companion alone: keys, history. */
  async sendPeer(device: Device, id: string, message: proto.IMessage): Promise<void> {
    const jid = this.#parts.account.jid('lid', device.id);
    const { node: ciphertext } = await this.#encryptFor(device, jid, encodeWAMessage(message));
    const to = this.#parts.account.jid('pn', device.id);
    this.#parts.submit(node('message', { id, to, type: 'text', category: 'peer' }, [ciphertext]));
  }

  /** Sends a message once more, same id, to a device that could not read it; with the keys it sent, in a new session. */
  async resend(id: string, asker: Device, count: string, keys: KeyBundle | undefined): Promise<void> {
    const sent = this.#sent.get(id);
    if (!sent) return;
    const { signal, account } = this.#parts;
    const jid = asker.account.jid('lid', asker.id);
    if (keys) await signal.openSession(jid, keys);
    let message = sent.message;
    if (isShared(sent.to)) {
      const distribution = signal.groups.distribution(sent.to);
      message = { ...message, senderKeyDistributionMessage: distributionMessage(sent.to, distribution) };
    } else if (asker.account === account) {
      message = this.#forOwn(sent.to, message);
    }
    const { node: ciphertext } = await this.#encryptFor(asker, jid, encodeWAMessage(message));
    ciphertext.attrs['count'] = count;
    const address = isShared(sent.to)
      ? { to: sent.to, participant: jid }
      : { to: jid, device_fanout: 'false', recipient: asker.account === account ? sent.to : undefined };
    this.#parts.submit(node('message', { id, ...sent.attrs, ...address }, [ciphertext]));
  }

  async #direct(to: string, id: string, message: proto.IMessage, attrs: Sent['attrs']): Promise<void> {
    const { account, directory } = this.#parts;
    const person = directory.account(to);
    if (!person) throw new Error(`${to} is not on WhatsApp`);
    const forOthers = encodeWAMessage(message);
    const forOwn = encodeWAMessage(this.#forOwn(to, message));
    const targets = [...person.devices.values(), ...(person === account ? [] : account.devices.values())];
    const entries = await this.#entries(targets, (device) => (device.account === account ? forOwn : forOthers));
    // Nobody but this phone itself: a note to self without companions.
    if (entries.length === 0) return;
    this.#parts.submit(node('message', { id, to, ...attrs }, [node('participants', {}, entries)]));
  }

  async #toGroup(to: string, id: string, message: proto.IMessage, attrs: Sent['attrs']): Promise<void> {
    const { account, signal } = this.#parts;
    const group = this.#parts.group(to);
    if (!group?.members.has(account)) throw new Error(`${account.number} is not in the group`);
    const distribution = signal.groups.distribution(to);
    const ciphertext = signal.groups.encrypt(to, encodeWAMessage(message));
    const have = this.#haveSenderKey.get(to) ?? new Set<string>();
    this.#haveSenderKey.set(to, have);
    const targets = [...group.members.keys()]
      .flatMap((member) => [...member.devices.values()])
      .filter((device) => !have.has(device.account.jid('lid', device.id)));
    const keys = encodeWAMessage({ senderKeyDistributionMessage: distributionMessage(to, distribution) });
    const entries = await this.#entries(targets, () => keys);
    for (const device of targets) have.add(device.account.jid('lid', device.id));
    const content = [node('enc', { v: '2', type: 'skmsg' }, ciphertext)];
    if (entries.length > 0) content.unshift(node('participants', {}, entries));
    this.#parts.submit(node('message', { id, to, ...attrs }, content));
  }

  async #entries(targets: readonly Device[], bytesFor: (device: Device) => Uint8Array): Promise<BinaryNode[]> {
    const entries: BinaryNode[] = [];
    for (const device of targets) {
      if (device.account === this.#parts.account && device.id === 0) continue;
      const jid = device.account.jid('lid', device.id);
      const { node: ciphertext } = await this.#encryptFor(device, jid, bytesFor(device));
      entries.push(node('to', { jid }, [ciphertext]));
    }
    return entries;
  }

  async #encryptFor(device: Device, jid: string, bytes: Uint8Array): Promise<{ node: BinaryNode }> {
    const { signal } = this.#parts;
    if (!(await signal.hasSession(jid))) await signal.openSession(jid, await device.bundle());
    const { type, ciphertext } = await signal.encrypt(jid, bytes);
    return { node: node('enc', { v: '2', type }, ciphertext) };
  }

  #forOwn(to: string, message: proto.IMessage): proto.IMessage {
    const { messageContextInfo } = message;
    const person: Account | undefined = this.#parts.directory.account(to);
    const destinationJid = person?.jid(person.addressing) ?? to;
    return { deviceSentMessage: { destinationJid, message }, ...(messageContextInfo && { messageContextInfo }) };
  }
}

/** True where sender keys are used. */
function isShared(to: string): boolean {
  return isGroup(to) || to === STATUS;
}

function distributionMessage(groupId: string, distribution: Uint8Array): proto.Message.ISenderKeyDistributionMessage {
  return { groupId, axolotlSenderKeyDistributionMessage: distribution };
}

/** The stanza's `type`, and `edit` for edits (1) and deletions (7). */
function attributesOf(message: proto.IMessage): Record<string, string> {
  const inner = message.viewOnceMessage?.message ?? message.ephemeralMessage?.message ?? message;
  if (message.protocolMessage?.type === MESSAGE_EDIT || message.editedMessage) return { type: 'text', edit: '1' };
  if (message.protocolMessage?.type === REVOKE) return { type: 'text', edit: '7' };
  if (inner.reactionMessage) return { type: 'reaction' };
  if (inner.pollCreationMessage ?? inner.pollCreationMessageV3 ?? inner.pollUpdateMessage) return { type: 'poll' };
  if (inner.eventMessage) return { type: 'event' };
  return { type: inner.conversation || inner.extendedTextMessage || inner.protocolMessage ? 'text' : 'media' };
}
