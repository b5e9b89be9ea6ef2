// What a phone shows: its messages with edits, deletions and reactions applied, and how often each id arrived.
import { proto } from '@whiskeysockets/baileys';
import { unwrap } from './media-messages.ts';
import { waitFor } from './observations.ts';

/** One message on a phone's screen. All people are named by phone-number JID, groups by their own. */
export interface ReceivedMessage {
  readonly id: string;
  /** The conversation: a group's JID, or the other person's phone-number JID. */
  readonly chat: string;
  /** Who wrote it. */
  readonly from: string;
  /** In a group, the same as `from`; absent in a direct chat. */
  readonly participant?: string;
  readonly fromMe: boolean;
  /** The name the sender's account shows. */
  readonly pushName: string;
  /** When the phone took it in, milliseconds since the epoch. */
  readonly at: number;
  /** The decrypted message as first received. */
  readonly message: proto.IMessage;
  /** The text or caption as it reads now, edits applied. */
  readonly text: string;
  /** How often a message of this id was delivered; the phone shows it once. */
  readonly copies: number;
  /** Earlier texts, oldest first. */
  readonly editedFrom: readonly string[];
  readonly isRevoked: boolean;
  /** Emoji by the reacting person's phone-number JID. */
  readonly reactions: ReadonlyMap<string, string>;
}

interface Shown {
  id: string;
  chat: string;
  from: string;
  participant?: string;
  fromMe: boolean;
  pushName: string;
  at: number;
  message: proto.IMessage;
  text: string;
  copies: number;
  editedFrom: string[];
  isRevoked: boolean;
  reactions: Map<string, string>;
}

/** What arrives at an inbox. */
export type Arrival = Pick<Shown, 'id' | 'chat' | 'from' | 'fromMe' | 'pushName' | 'message'> & {
  participant?: string;
};

const { REVOKE, MESSAGE_EDIT } = proto.Message.ProtocolMessage.Type;

/** The messages of one phone, in order of arrival; protocol messages change earlier ones and don't show themselves. */
export class Inbox {
  readonly #shown: Shown[] = [];
  readonly #watchers = new Set<() => void>();
  /** Protocol messages and reactions by id, so that a copy isn't applied twice. */
  readonly #applied = new Map<string, number>();

  get messages(): readonly ReceivedMessage[] {
    return this.#shown;
  }

  /** Takes one in; a repeated id only raises `copies`. */
  take(arrival: Arrival): void {
    const known = this.#shown.find((shown) => isSame(shown, arrival));
    if (known) known.copies += 1;
    else if (!this.#apply(arrival)) this.#show(arrival);
    for (const watcher of this.#watchers) watcher();
  }

  /** How often a message of this id came, shown or applied (an edit, a deletion, a reaction). */
  copiesOf(id: string): number {
    return this.#shown.find((shown) => shown.id === id)?.copies ?? this.#applied.get(id) ?? 0;
  }

  /** The first message the predicate accepts, now or within `timeoutMs`. Edits and reactions are looked at as they come. */
  async first(accept: (message: ReceivedMessage) => boolean, timeoutMs: number): Promise<ReceivedMessage> {
    return waitFor<ReceivedMessage>(this.#watchers, () => this.#shown.find(accept), timeoutMs, 'a message on a phone');
  }

  #show(arrival: Arrival): void {
    this.#shown.push({
      ...arrival,
      at: Date.now(),
      text: textOf(arrival.message),
      copies: 1,
      editedFrom: [],
      isRevoked: false,
      reactions: new Map(),
    });
  }

  #apply(arrival: Arrival): boolean {
    const { message, chat, id } = arrival;
    const protocol = message.protocolMessage ?? message.editedMessage?.message?.protocolMessage;
    const reaction = message.reactionMessage;
    const targetId = reaction?.key?.id ?? protocol?.key?.id;
    if (targetId === undefined || targetId === null) return false;
    const copies = this.#applied.get(id) ?? 0;
    this.#applied.set(id, copies + 1);
    const target = this.#shown.find((shown) => shown.chat === chat && shown.id === targetId);
    if (!target || copies > 0) return true;
    if (reaction) {
      if (reaction.text) target.reactions.set(arrival.from, reaction.text);
      else target.reactions.delete(arrival.from);
    } else if (protocol?.type === MESSAGE_EDIT && protocol.editedMessage) {
      target.editedFrom.push(target.text);
      target.text = textOf(protocol.editedMessage);
    } else if ((protocol?.type ?? REVOKE) === REVOKE) {
      target.isRevoked = true;
    }
    return true;
  }
}

/** The text or caption of a message; empty when it has none. */
function textOf(message: proto.IMessage): string {
  const { conversation, extendedTextMessage, imageMessage, videoMessage, documentMessage } = unwrap(message);
  const captioned = imageMessage ?? videoMessage ?? documentMessage;
  return conversation ?? extendedTextMessage?.text ?? captioned?.caption ?? '';
}

function isSame(shown: Shown, arrival: Arrival): boolean {
  return shown.id === arrival.id && shown.chat === arrival.chat && shown.from === arrival.from;
}
