// A phone's receiving side: opens what is delivered to it, answers with receipts, asks again for what it cannot read.
import { proto, unpadRandomMax16 } from '@whiskeysockets/baileys';
import type { Account, Directory } from './directory.ts';
import type { Arrival } from './inbox.ts';
import {
  bigEndian,
  bytesOf,
  child,
  children,
  deviceNumberOf,
  isGroup,
  node,
  secondsNow,
  type BinaryNode,
} from './nodes.ts';
import type { KeyBundle, SignalEndpoint } from './signal.ts';

/** What the receiving side needs of the phone. */
interface IncomingParts {
  readonly account: Account;
  readonly signal: SignalEndpoint;
  readonly directory: Directory;
  readonly sendReceipt: (receipt: BinaryNode) => void;
  readonly undecryptable: (messageId: string, error: string) => void;
}

/** Opens message stanzas. */
export class Incoming {
  readonly #parts: IncomingParts;
  readonly #retries = new Map<string, number>();

  constructor(parts: IncomingParts) {
    this.#parts = parts;
  }

  /** Decrypts a message stanza; undefined when there is nothing to show or it could not be read (then it is asked for again). */
  async open(stanza: BinaryNode): Promise<Arrival | undefined> {
    const { directory, account } = this.#parts;
    const { from = '', participant, recipient, id = '' } = stanza.attrs;
    const author = directory.account(participant ?? from);
    if (!author) throw new Error(`a message from nobody: ${from}`);
    const authorDevice = author.jid('lid', deviceNumberOf(participant ?? from));
    let opened: proto.IMessage | undefined;
    try {
      opened = await this.#decrypt(stanza, authorDevice);
    } catch (error) {
      this.#parts.undecryptable(id, String(error));
      await this.#askAgain(stanza);
      return undefined;
    }
    const message = opened?.deviceSentMessage?.message ?? opened;
    if (!message || isOnlyKeys(message)) return undefined;
    const fromMe = author === account;
    const person = directory.account(fromMe ? (recipient ?? opened?.deviceSentMessage?.destinationJid ?? from) : from);
    const chat = isGroup(from) ? from : (person?.pn ?? from);
    return {
      id,
      chat,
      from: author.pn,
      ...(isGroup(from) && { participant: author.pn }),
      fromMe,
      pushName: stanza.attrs['notify'] ?? '',
      message,
    };
  }

  /** The keys inside a retry receipt, if the asker sent some. */
  keysOf(receipt: BinaryNode): KeyBundle | undefined {
    const keys = child(receipt, 'keys');
    const signedPreKey = child(keys, 'skey');
    if (!keys || !signedPreKey) return undefined;
    const preKey = child(keys, 'key');
    return {
      registration: bytesOf(child(receipt, 'registration')),
      identity: bytesOf(child(keys, 'identity')),
      signedPreKey: {
        id: bytesOf(child(signedPreKey, 'id')),
        value: bytesOf(child(signedPreKey, 'value')),
        signature: bytesOf(child(signedPreKey, 'signature')),
      },
      ...(preKey && { preKey: { id: bytesOf(child(preKey, 'id')), value: bytesOf(child(preKey, 'value')) } }),
    };
  }

  async #decrypt(stanza: BinaryNode, author: string): Promise<proto.IMessage | undefined> {
    const { signal } = this.#parts;
    const from = stanza.attrs['from'] ?? '';
    let message: proto.IMessage | undefined;
    for (const ciphertext of children(stanza, 'enc')) {
      const type = ciphertext.attrs['type'];
      const plain =
        type === 'skmsg'
          ? signal.groups.decrypt(from, author, bytesOf(ciphertext))
          : await signal.decrypt(author, type === 'pkmsg' ? 'pkmsg' : 'msg', bytesOf(ciphertext));
      const part = proto.Message.decode(unpadRandomMax16(plain));
      const handed = part.senderKeyDistributionMessage;
      if (handed?.groupId && handed.axolotlSenderKeyDistributionMessage) {
        signal.groups.accept(handed.groupId, author, handed.axolotlSenderKeyDistributionMessage);
      }
      if (!message || !isOnlyKeys(part)) message = part;
    }
    return message;
  }

  async #askAgain(stanza: BinaryNode): Promise<void> {
    const { signal, sendReceipt } = this.#parts;
    const { id = '', from, participant, recipient, t } = stanza.attrs;
    const key = `${id} ${participant ?? from}`;
    const count = (this.#retries.get(key) ?? 0) + 1;
    // Apps give up after five requests for one message.
    if (count > 5) return;
    this.#retries.set(key, count);
    const { registration, identity, signedPreKey, preKey } = await signal.bundle();
    const keys = [
      node('type', {}, Buffer.from([5])),
      node('identity', {}, identity),
      ...(preKey ? [node('key', {}, [node('id', {}, preKey.id), node('value', {}, preKey.value)])] : []),
      node('skey', {}, [
        node('id', {}, signedPreKey.id),
        node('value', {}, signedPreKey.value),
        node('signature', {}, signedPreKey.signature),
      ]),
    ];
    sendReceipt(
      node('receipt', { id, type: 'retry', to: from, participant, recipient }, [
        node('retry', { count: String(count), id, t: t ?? secondsNow(), v: '1' }),
        node('registration', {}, bigEndian(registration.readUInt32BE(0), 4)),
        node('keys', {}, keys),
      ]),
    );
  }
}

function isOnlyKeys(message: proto.IMessage): boolean {
  const keys = Object.keys(message).filter((key) => Reflect.get(message, key) !== null);
  return keys.every((key) => key === 'senderKeyDistributionMessage' || key === 'messageContextInfo');
}
