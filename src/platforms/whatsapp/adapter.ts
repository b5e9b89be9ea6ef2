// The Messenger of WhatsApp: one number per Account, and every failure translated on its way out.
import { randomBytes } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { MessageKey, MessengerEvent, PersonRef } from '../../domain/events.ts';
import type { AccountId, ChatAddress, MediaRef, RemoteId } from '../../domain/ids.ts';
import type { Messenger, Outgoing } from '../messenger.ts';
import type { LinkOptions, LinkStep } from '../../domain/link.ts';
import { capabilities } from './capabilities.ts';
import type { WhatsAppOptions } from './endpoint.ts';
import { translated } from './errors.ts';
import { remoteId } from './ids.ts';
import { WhatsAppNumber } from './number.ts';

export class WhatsAppMessenger implements Messenger {
  readonly name = 'whatsapp';
  readonly capabilities = capabilities;
  readonly #options: WhatsAppOptions;
  readonly #numbers = new Map<AccountId, WhatsAppNumber>();
  #onEvent: ((event: MessengerEvent) => Promise<void>) | undefined;

  constructor(options: WhatsAppOptions) {
    this.#options = options;
  }

  async start({ onEvent }: { onEvent(event: MessengerEvent): Promise<void> }): Promise<void> {
    this.#onEvent = onEvent;
  }

  async open(account: AccountId): Promise<void> {
    this.#number(account).open();
  }

  async close(account: AccountId): Promise<void> {
    const number = this.#numbers.get(account);
    this.#numbers.delete(account);
    await number?.close();
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#numbers.keys()].map((account) => this.close(account)));
  }

  async *link(account: AccountId, options: LinkOptions): AsyncIterable<LinkStep> {
    try {
      yield* this.#number(account).link(options);
    } catch (error) {
      throw translated(error, 'linking failed', true);
    }
  }

  async unlink(account: AccountId): Promise<void> {
    await this.#call(account, 'unlinking failed', true, (number) => number.unlink());
  }

  /** As WhatsApp Web makes them: `3EB0` and 18 hex digits. */
  newMessageId(_account: AccountId): RemoteId {
    return remoteId(`3EB0${randomBytes(9).toString('hex').toUpperCase()}`);
  }

  async send(account: AccountId, chat: ChatAddress, id: RemoteId, content: Outgoing): Promise<{ readonly at: Date }> {
    return this.#call(account, 'sending failed', false, (number) => number.send(chat, id, content));
  }

  async edit(
    account: AccountId,
    chat: ChatAddress,
    target: MessageKey,
    id: RemoteId,
    content: Outgoing,
  ): Promise<void> {
    await this.#call(account, 'editing failed', false, (number) => number.edit(chat, target, id, content));
  }

  async revoke(account: AccountId, chat: ChatAddress, target: MessageKey, id: RemoteId): Promise<void> {
    await this.#call(account, 'deleting failed', false, (number) => number.revoke(chat, target, id));
  }

  async react(
    account: AccountId,
    chat: ChatAddress,
    target: MessageKey,
    id: RemoteId,
    emoji: string | undefined,
  ): Promise<void> {
    await this.#call(account, 'reacting failed', false, (number) => number.react(chat, target, id, emoji));
  }

  async markRead(account: AccountId, chat: ChatAddress, keys: readonly MessageKey[]): Promise<void> {
    await this.#call(account, 'marking as read failed', false, (number) => number.markRead(chat, keys));
  }

  async openMedia(account: AccountId, ref: MediaRef): Promise<Readable> {
    return this.#call(account, 'opening a file failed', true, (number) => number.library.open(ref));
  }

  async findChat(
    account: AccountId,
    phone: string,
  ): Promise<{ readonly address: ChatAddress; readonly person: PersonRef } | undefined> {
    return this.#call(account, 'looking up a number failed', true, (number) => number.findChat(phone));
  }

  async participants(account: AccountId, chat: ChatAddress): Promise<readonly PersonRef[]> {
    return this.#call(account, 'listing a group failed', true, (number) => number.participants(chat));
  }

  async #call<T>(
    account: AccountId,
    message: string,
    certain: boolean,
    work: (number: WhatsAppNumber) => Promise<T>,
  ): Promise<T> {
    try {
      return await work(this.#number(account));
    } catch (error) {
      throw translated(error, message, certain);
    }
  }

  #number(account: AccountId): WhatsAppNumber {
    const found = this.#numbers.get(account);
    if (found !== undefined) return found;
    const onEvent = this.#onEvent;
    if (onEvent === undefined) throw new Error('The messenger was not started');
    const number = new WhatsAppNumber(account, this.#options, onEvent);
    this.#numbers.set(account, number);
    return number;
  }
}
