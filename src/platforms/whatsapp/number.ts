// Everything of one Account: its connection, inbox and outbox, and the calls on it. Trouble here never leaves it.
import { randomBytes } from 'node:crypto';
import type { MessageKey, MessengerEvent, PersonRef } from '../../domain/events.ts';
import type { AccountId, ChatAddress, RemoteId } from '../../domain/ids.ts';
import type { Outgoing } from '../messenger.ts';
import type { LinkOptions, LinkStep } from '../../domain/link.ts';
import { capabilities } from './capabilities.ts';
import { Connection } from './connection.ts';
import { Directory } from './directory.ts';
import type { WhatsAppOptions } from './endpoint.ts';
import { loggedOut, notConnected, notDone, refused } from './errors.ts';
import { bareJid, isGroupJid, jidOf, phoneJid, phoneOf, type Jid } from './ids.ts';
import { Inbox } from './inbox.ts';
import { Library } from './library.ts';
import { link } from './link.ts';
import { upload } from './media.ts';
import { Outbox } from './outbox.ts';
import { chatOf, isUs, personOf } from './people.ts';
import {
  messageKey,
  presentEdit,
  presentMessage,
  presentReaction,
  presentRevoke,
  withRoomForText,
  type OwnJids,
} from './present.ts';
import type { Socket } from './socket.ts';

const DEAF_AFTER_MS = 45 * 60_000;
/** Baileys' own minute would hold up everything the Account sends. */
const QUERY_TIMEOUT_MS = 15_000;
const FAREWELL_MS = 2_000;

/** One number. Its methods reject with whatever went wrong; the adapter translates. */
export class WhatsAppNumber {
  readonly library: Library;
  readonly #account: AccountId;
  readonly #options: WhatsAppOptions;
  readonly #connection: Connection;
  readonly #directory: Directory;
  readonly #inbox: Inbox;
  readonly #outbox: Outbox;
  #isLinking = false;

  constructor(account: AccountId, options: WhatsAppOptions, onEvent: (event: MessengerEvent) => Promise<void>) {
    const { clock, endpoint, log, sessions } = options;
    this.#account = account;
    this.#options = options;
    this.#directory = new Directory(account, sessions);
    this.library = new Library({
      account,
      clock,
      isCustomEndpoint: endpoint !== undefined,
      socket: () => this.#connection.open,
    });
    this.#inbox = new Inbox({
      account,
      sessions,
      clock,
      log,
      onEvent,
      fetchHistory: (notice) => this.library.fetchHistory(notice),
      fetchGroupName: (group) => this.#groupName(group),
    });
    this.#connection = new Connection({
      account,
      sessions,
      clock,
      log,
      url: endpoint?.url,
      queryTimeoutMs: options.queryTimeoutMs ?? QUERY_TIMEOUT_MS,
      random: options.random ?? Math.random,
      deafAfterMs: options.deafAfterMs ?? DEAF_AFTER_MS,
      tell: (event) => this.#inbox.tell(event),
      onStored: () => this.#inbox.wake(),
      onClosed: () => this.#outbox.disconnected(),
      takeAck: (ack) => this.#outbox.takeAck(ack),
    });
    this.#outbox = new Outbox({
      account,
      sessions,
      clock,
      caches: this.#connection.caches,
      socket: () => this.#connection.open,
    });
  }

  /** Tells what is still untold, then connects if linked. */
  open(): void {
    this.#inbox.start();
    this.#connection.start();
  }

  async close(): Promise<void> {
    await this.#connection.close();
    await this.#inbox.stop();
  }

  async *link(options: LinkOptions): AsyncGenerator<LinkStep> {
    if (this.#isLinking) throw refused('an account is being linked', 'This number is being linked already.');
    if (options.method === 'code' && phoneOf(phoneJid(options.phone ?? '')) === undefined) {
      throw refused(
        'no phone number for a pairing code',
        'A pairing code needs the phone number with its country code.',
      );
    }
    this.#isLinking = true;
    try {
      if (await this.#connection.isLinked()) {
        throw refused('an account is linked', 'This number is linked already. Unlink it first.');
      }
      this.#inbox.start();
      yield* link(this.#connection, this.#options.clock, options);
    } finally {
      this.#isLinking = false;
    }
  }

  async unlink(): Promise<void> {
    const { open } = this.#connection;
    this.#connection.silence();
    if (open !== undefined) {
      // The server answers with the end of the stream; when it can't be told, the phone's owner can still remove the device.
      const farewell = this.#options.clock.sleep(FAREWELL_MS);
      await Promise.race([open.baileys.logout().catch(() => undefined), farewell]);
    }
    await this.#connection.close();
    await this.#options.sessions.clear(this.#account);
    this.#connection.forget();
    this.#connection.tellState('unlinked');
  }

  async send(chat: ChatAddress, id: RemoteId, outgoing: Outgoing): Promise<{ readonly at: Date }> {
    const jid = jidOf(chat);
    const content = withRoomForText(outgoing);
    return this.#outbox.send(jid, id, async (socket) => {
      const { file } = content;
      const uploaded = file === undefined ? undefined : await upload(socket.baileys, file, capabilities.maxFileBytes);
      return presentMessage(jid, content, this.#own(), randomBytes(32), uploaded);
    });
  }

  async edit(chat: ChatAddress, target: MessageKey, id: RemoteId, content: Outgoing): Promise<void> {
    const jid = jidOf(chat);
    await this.#outbox.send(jid, id, async () => presentEdit(jid, target, content, this.#own(), this.#nowMs()));
  }

  async revoke(chat: ChatAddress, target: MessageKey, id: RemoteId): Promise<void> {
    const jid = jidOf(chat);
    await this.#outbox.send(jid, id, async () => presentRevoke(jid, target));
  }

  async react(chat: ChatAddress, target: MessageKey, id: RemoteId, emoji: string | undefined): Promise<void> {
    const jid = jidOf(chat);
    await this.#outbox.send(jid, id, async () => presentReaction(jid, target, emoji, this.#nowMs()));
  }

  async markRead(chat: ChatAddress, keys: readonly MessageKey[]): Promise<void> {
    const jid = jidOf(chat);
    const theirs = keys.filter(({ author }) => author.kind === 'person').map((key) => messageKey(jid, key));
    if (theirs.length > 0) await this.#socket().baileys.readMessages(theirs);
  }

  async findChat(phone: string): Promise<{ readonly address: ChatAddress; readonly person: PersonRef } | undefined> {
    const { baileys } = this.#socket();
    const found = await baileys.onWhatsApp(phoneJid(phone));
    if (found === undefined) throw notDone('the number query was not answered');
    const jid = bareJid(found.find(({ exists }) => exists)?.jid);
    if (jid === undefined) return undefined;
    // Asks the server when it isn't known yet, and keeps the pair.
    const lid = await baileys.signalRepository.lidMapping.getLIDForPN(jid);
    const known = await this.#directory.lookUp(this.#own(), [jid]);
    const { address } = chatOf(known, jid, lid ?? undefined);
    return { address, person: personOf(known, jid, lid ?? undefined) };
  }

  async participants(chat: ChatAddress): Promise<readonly PersonRef[]> {
    const jid = jidOf(chat);
    if (!isGroupJid(jid)) return [];
    const { participants } = await this.#socket().baileys.groupMetadata(jid);
    const jids = participants.map(({ id }) => bareJid(id)).filter((bare): bare is Jid => bare !== undefined);
    const known = await this.#directory.lookUp(this.#own(), jids);
    const people: PersonRef[] = [];
    for (const { id, lid, phoneNumber } of participants) {
      const bare = bareJid(id);
      if (bare !== undefined && !isUs(known, bare)) people.push(personOf(known, bare, lid ?? phoneNumber));
    }
    return people;
  }

  /** A group's name as the server knows it now; undefined when it can't be asked. */
  async #groupName(group: Jid): Promise<string | undefined> {
    try {
      return (await this.#connection.open?.baileys.groupMetadata(group))?.subject;
    } catch (error) {
      this.#options.log.debug({ account: this.#account, err: error }, 'a group’s name could not be fetched');
      return undefined;
    }
  }

  #nowMs(): number {
    return this.#options.clock.now().getTime();
  }

  #socket(): Socket {
    const { open } = this.#connection;
    if (open === undefined) throw notConnected(this.#account);
    return open;
  }

  #own(): OwnJids {
    const { me } = this.#connection;
    if (me === undefined) throw loggedOut(this.#account);
    return me;
  }
}
