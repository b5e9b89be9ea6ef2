// Carries messages, receipts and typing from one device to the others: the switchboard between everybody's devices.
import { randomBytes } from 'node:crypto';
import type { Account, Device, Directory } from './directory.ts';
import type { Groups } from './groups.ts';
import {
  addressingOf,
  allChildren,
  child,
  children,
  isGroup,
  node,
  secondsNow,
  STATUS,
  type Addressing,
  type BinaryNode,
} from './nodes.ts';

/** The stanza was not acceptable in the eyes of the server; `479` on real acks. */
const UNACCEPTABLE = 479;
const FORBIDDEN = 403;

interface Audience {
  readonly jid: string;
  readonly addressing: Addressing;
  readonly members: readonly Account[];
}

/** Routes stanzas; a device that cannot take one at the moment queues it. */
export class Router {
  readonly #directory: Directory;
  readonly #groups: Groups;

  constructor(directory: Directory, groups: Groups) {
    this.#directory = directory;
    this.#groups = groups;
  }

  /** The error code the server would put into the ack, or undefined for a message that can be delivered. */
  fault(sender: Device, stanza: BinaryNode): number | undefined {
    const { to } = stanza.attrs;
    if (to === undefined) return UNACCEPTABLE;
    const hasCiphertext = children(stanza, 'enc').length > 0;
    const recipients = allChildren(child(stanza, 'participants'));
    if (!hasCiphertext && recipients.length === 0) return UNACCEPTABLE;
    if (!isGroup(to)) return undefined;
    return this.#groups.find(to)?.members.has(sender.account) ? undefined : FORBIDDEN;
  }

  /** Delivers a message to every device it is for. Call only when `fault` found none. */
  message(sender: Device, stanza: BinaryNode): void {
    const to = stanza.attrs['to'] ?? '';
    const group = this.#groups.find(to);
    if (group)
      this.#shared(sender, stanza, {
        jid: group.jid,
        addressing: group.addressing,
        members: [...group.members.keys()],
      });
    else if (to === STATUS)
      this.#shared(sender, stanza, { jid: STATUS, addressing: 'lid', members: this.#audience(stanza) });
    else this.#direct(sender, stanza, to);
  }

  /** Forwards a receipt to the devices of whoever wrote the message. */
  receipt(reader: Device, stanza: BinaryNode): void {
    const { to, participant, type, id = '' } = stanza.attrs;
    if (to === undefined) return;
    switch (type) {
      case 'retry':
        return this.#retry(reader, stanza, to);
      case 'server-error': {
        const from = reader.account.jid('pn', reader.id);
        reader.account.devices.get(0)?.deliver(node('receipt', { ...stanza.attrs, from }, stanza.content));
        return;
      }
      case undefined:
      case 'inactive':
      case 'read':
      case 'played':
        break;
      default:
        return; // sender, peer_msg, hist_sync, read-self: for the server and the own phone only
    }
    const group = this.#groups.find(to);
    const author = this.#directory.account(group ? participant : to);
    if (!author || author === reader.account) return;
    for (const device of author.devices.values()) {
      const from = group ? group.jid : this.#asAddressed(device, id, reader.account);
      const whom = group ? reader.account.jid(group.addressing) : undefined;
      device.deliver(node('receipt', { from, participant: whom, id, type, t: secondsNow() }, stanza.content));
    }
  }

  /** Rings the other person's companions and hangs up again; returns the call's id. */
  call(caller: Device, called: Account, kind: 'voice' | 'video'): string {
    const callId = randomBytes(16).toString('hex').toUpperCase();
    const from = caller.account.jid(caller.account.addressing);
    const about = { 'call-id': callId, 'call-creator': from, caller_pn: caller.account.pn };
    const offer = node('offer', about, [node('audio'), ...(kind === 'video' ? [node('video')] : [])]);
    for (const event of [offer, node('terminate', { ...about, reason: 'timeout' })]) {
      const attrs = { from, id: randomBytes(8).toString('hex'), t: secondsNow(), notify: caller.account.name };
      for (const device of called.devices.values()) device.deliver(node('call', attrs, [event]));
    }
    return callId;
  }

  /** Forwards typing to whoever is connected. */
  chatState(sender: Device, stanza: BinaryNode): void {
    const to = stanza.attrs['to'];
    if (to === undefined) return;
    const group = this.#groups.find(to);
    const targets = group ? [...group.members.keys()] : [this.#directory.account(to)];
    for (const target of targets) {
      if (!target || target === sender.account) continue;
      const attrs = group
        ? { from: group.jid, participant: sender.account.jid(group.addressing) }
        : { from: sender.account.jid(sender.id === 0 ? sender.account.addressing : addressingOf(to)) };
      for (const device of target.devices.values()) device.deliverNow(node('chatstate', attrs, stanza.content));
    }
  }

  #direct(sender: Device, stanza: BinaryNode, to: string): void {
    const chat = this.#directory.account(stanza.attrs['recipient'] ?? to);
    if (!chat) return;
    const listed = allChildren(child(stanza, 'participants'));
    if (listed.length === 0) {
      const target = this.#directory.device(to);
      if (target) target.deliver(this.#directStanza(sender, stanza, chat, target, children(stanza, 'enc')));
      return;
    }
    for (const entry of listed) {
      const target = this.#directory.device(entry.attrs['jid'] ?? '');
      if (target) target.deliver(this.#directStanza(sender, stanza, chat, target, allChildren(entry)));
    }
  }

  #directStanza(
    sender: Device,
    stanza: BinaryNode,
    chat: Account,
    target: Device,
    ciphertexts: readonly BinaryNode[],
  ): BinaryNode {
    const isOwn = target.account === sender.account;
    const form = formOf(sender, isOwn ? chat : sender.account, stanza.attrs['to'] ?? '');
    const isPeer = stanza.attrs['category'] === 'peer';
    const alternative = isOwn ? chat : sender.account;
    const other = form === 'lid' ? alternative.pn : alternative.lid;
    const prefix = isOwn ? 'peer_recipient' : 'sender';
    const attrs = isPeer
      ? { from: sender.account.jid('pn', sender.id) }
      : {
          from: sender.account.jid(form, sender.id),
          recipient: isOwn ? chat.jid(form) : undefined,
          addressing_mode: form,
          [`${prefix}_${form === 'lid' ? 'pn' : 'lid'}`]: other,
        };
    return node('message', { ...attrs, ...common(sender, stanza) }, contentFor(stanza, ciphertexts));
  }

  /** Who a status is for: everybody it hands a key to. */
  #audience(stanza: BinaryNode): Account[] {
    const listed = allChildren(child(stanza, 'participants')).map((entry) => entry.attrs['jid']);
    return [...new Set(listed.flatMap((jid) => this.#directory.account(jid) ?? []))];
  }

  #shared(sender: Device, stanza: BinaryNode, group: Audience): void {
    const isLid = group.addressing === 'lid';
    const attrs = {
      from: group.jid,
      participant: sender.account.jid(group.addressing, sender.id),
      addressing_mode: group.addressing,
      participant_pn: isLid ? sender.account.pn : undefined,
      participant_lid: isLid ? undefined : sender.account.lid,
      ...common(sender, stanza),
    };
    const only = stanza.attrs['participant'];
    if (only !== undefined) {
      const target = this.#directory.device(only);
      target?.deliver(node('message', attrs, contentFor(stanza, children(stanza, 'enc'))));
      return;
    }
    const direct = new Map<Device, readonly BinaryNode[]>();
    for (const entry of allChildren(child(stanza, 'participants'))) {
      const target = this.#directory.device(entry.attrs['jid'] ?? '');
      if (target) direct.set(target, allChildren(entry));
    }
    for (const account of group.members) {
      for (const target of account.devices.values()) {
        if (target === sender) continue;
        const ciphertexts = [...(direct.get(target) ?? []), ...children(stanza, 'enc')];
        target.deliver(node('message', attrs, contentFor(stanza, ciphertexts)));
      }
    }
  }

  #retry(asker: Device, stanza: BinaryNode, to: string): void {
    const { id = '', recipient, participant } = stanza.attrs;
    const group = this.#groups.find(to);
    const author = this.#directory.device(group ? (participant ?? '') : to);
    if (!author) return;
    const asked = author.addressee(id);
    const direct = asked === undefined ? asker.account.addressing : addressingOf(asked);
    const form = group ? group.addressing : direct;
    const me = asker.account.jid(form, asker.id);
    const attrs = group ? { from: group.jid, participant: me } : { from: me, recipient };
    author.deliver(node('receipt', { ...attrs, id, type: 'retry', t: secondsNow() }, stanza.content));
  }

  #asAddressed(device: Device, messageId: string, reader: Account): string {
    const to = device.addressee(messageId);
    return reader.jid(to === undefined ? reader.addressing : addressingOf(to));
  }
}

/** The form a stanza names its chat in: a companion's own choice; for a phone, the addressing of the person the chat is with. */
function formOf(sender: Device, person: Account, to: string): Addressing {
  return sender.id === 0 ? person.addressing : addressingOf(to);
}

function common(sender: Device, stanza: BinaryNode): Record<string, string | undefined> {
  const { id, type, edit, category } = stanza.attrs;
  return { id, type, edit, category, t: secondsNow(), notify: sender.account.name };
}

function contentFor(stanza: BinaryNode, ciphertexts: readonly BinaryNode[]): BinaryNode[] {
  const opensSession = ciphertexts.some((ciphertext) => ciphertext.attrs['type'] === 'pkmsg');
  const identity = opensSession ? child(stanza, 'device-identity') : undefined;
  const meta = child(stanza, 'meta');
  return [...ciphertexts, ...(identity ? [identity] : []), ...(meta ? [meta] : [])];
}
