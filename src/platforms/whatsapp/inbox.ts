// Telling what arrived: takes stored Arrivals in order, turns each into events, and lets go of it once they are recorded.
import { proto, unpadRandomMax16 } from '@whiskeysockets/baileys';
import { Loop } from '../../runtime/time.ts';
import type { Clock } from '../../runtime/time.ts';
import type { Log } from '../../runtime/log.ts';
import type { MessengerEvent } from '../../domain/events.ts';
import type { AccountId } from '../../domain/ids.ts';
import type { Arrival, Said, SessionStore } from '../../domain/session.ts';
import { Directory } from './directory.ts';
import { historyEvents, historyIn, type FetchHistory } from './history.ts';
import { bareJid, isGroupJid, isLidJid, lidJid, phoneUserJid, type Jid } from './ids.ts';
import { ackEvents, callEvents, callIn, notificationEvents, receiptEvents } from './notices.ts';
import { allForms, personOf, type Known } from './people.ts';
import type { OwnJids } from './present.ts';
import * as messages from './receive.ts';
import { openEdit, openVote } from './secrets.ts';
import { isArrivalKind, pairsOf, stanzaOf, type StoredStanza } from './stanza.ts';

const PAGE = 50;
const CALL = 'call';
/** Far longer than anything rings. */
const CALL_KEPT_MS = 24 * 60 * 60_000;
/** After so many failures the event's own content is to blame: it is told as unsupported, or, when it isn't a message, given up. */
const MOST_ATTEMPTS = 6;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 60_000;
/** A look without being woken: a back-stop. */
const IDLE_MS = 5 * 60_000;

export interface InboxOptions {
  readonly account: AccountId;
  readonly sessions: SessionStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly onEvent: (event: MessengerEvent) => Promise<void>;
  readonly fetchHistory: FetchHistory;
  /** Undefined when it can't be found out now. */
  readonly fetchGroupName: (group: Jid) => Promise<string | undefined>;
}

/** The inbox of one Account. It works whether or not the Account is connected. */
export class Inbox {
  readonly #options: InboxOptions;
  readonly #directory: Directory;
  readonly #loop: Loop;
  readonly #stopping = new AbortController();
  /** Told before any Arrival: states of the connection, which nobody stores. */
  readonly #asides: { readonly event: MessengerEvent; readonly onTold: () => void }[] = [];
  /** Chats whose head failed, and until when they wait; others go on. */
  readonly #resting = new Map<string, number>();

  constructor(options: InboxOptions) {
    this.#options = options;
    this.#directory = new Directory(options.account, options.sessions);
    this.#loop = new Loop({
      name: 'whatsapp inbox',
      clock: options.clock,
      log: options.log,
      everyMs: IDLE_MS,
      run: (signal) => this.#round(signal),
    });
  }

  start(): void {
    this.#loop.start();
  }

  /** Something was stored. */
  wake(): void {
    this.#loop.wake();
  }

  /** Tells an event that isn't stored, in its place among the others. Resolves when it's recorded; never, when the inbox stops before. */
  async tell(event: MessengerEvent): Promise<void> {
    await new Promise<void>((onTold) => {
      this.#asides.push({ event, onTold });
      this.#loop.wake();
    });
  }

  /** Resolves when nothing is being told any more. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loop.stop();
  }

  async #round(signal: AbortSignal): Promise<void> {
    for (let aside = this.#asides[0]; aside !== undefined && !signal.aborted; aside = this.#asides[0]) {
      await this.#options.onEvent(aside.event);
      this.#asides.shift();
      aside.onTold();
    }
    const { account, sessions } = this.#options;
    let after: string | undefined;
    /** Chats of which something waits: what follows it waits as well, though the wait may end meanwhile. */
    const waiting = new Set<string>();
    for (;;) {
      const page = await sessions.pending(account, after, PAGE);
      const done: string[] = [];
      const said: Said[] = [];
      for (const arrival of page) {
        if (signal.aborted) break;
        const chat = chatKeyOf(arrival);
        const told = waiting.has(chat) ? undefined : await this.#handle(arrival, chat);
        if (told === undefined) {
          waiting.add(chat);
          continue;
        }
        done.push(arrival.id);
        said.push(...told.flatMap(saidBy));
      }
      if (done.length > 0) await sessions.done(account, done, said);
      after = page.at(-1)?.id;
      if (page.length < PAGE || signal.aborted || this.#asides.length > 0) break;
    }
    if (this.#asides.length > 0) this.#loop.wake();
  }

  /** What was told when the arrival is done with; undefined when it isn't. */
  async #handle(arrival: Arrival, chat: string): Promise<readonly MessengerEvent[] | undefined> {
    const { account, clock, log, sessions } = this.#options;
    const restsUntil = this.#resting.get(chat);
    if (restsUntil !== undefined && clock.monotonicMs() < restsUntil) return undefined;
    try {
      const told = await this.#tell(arrival);
      this.#resting.delete(chat);
      return told;
    } catch (error) {
      if (this.#stopping.signal.aborted) return undefined;
      const name = error instanceof Error ? error.name : 'unknown';
      // When this fails too, the store is to blame: the loop waits and comes back, and nothing is counted.
      const attempts = await sessions.failed(account, arrival.id, name);
      const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** (attempts - 1), LONGEST_PAUSE_MS);
      log.warn({ account, arrival: arrival.id, attempts, err: error }, 'an arrival could not be told and waits');
      this.#rest(chat, pauseMs);
      return undefined;
    }
  }

  #rest(chat: string, pauseMs: number): void {
    const { clock } = this.#options;
    this.#resting.set(chat, clock.monotonicMs() + pauseMs);
    void clock.sleep(pauseMs, this.#stopping.signal).then(() => this.#loop.wake());
  }

  async #tell(arrival: Arrival): Promise<readonly MessengerEvent[]> {
    const { account, log, onEvent } = this.#options;
    if (arrival.attempts >= MOST_ATTEMPTS) {
      const instead = await this.#instead(arrival);
      if (instead === undefined)
        log.error({ account, arrival: arrival.id, kind: arrival.kind }, 'an arrival was given up');
      else await onEvent(instead);
      return instead === undefined ? [] : [instead];
    }
    const events = await this.#events(arrival);
    for (const event of events) await onEvent(event);
    return events;
  }

  /** What is told of a message that can't be told. */
  async #instead(arrival: Arrival): Promise<MessengerEvent | undefined> {
    if (arrival.kind !== 'message') return undefined;
    const stanza = stanzaOf(arrival.payload);
    const known = await this.#directory.lookUp(stanza.me, jidsIn({ tag: '', attrs: stanza.node.attrs }));
    const envelope = messages.envelopeOf(known, stanza.node.attrs, stanza.receivedAt);
    if (envelope === undefined || envelope.isPeer) return undefined;
    return messages.unsupportedEvent(known, envelope, 'message');
  }

  async #events(arrival: Arrival): Promise<readonly MessengerEvent[]> {
    if (!isArrivalKind(arrival.kind)) return [];
    if (arrival.kind === 'people') return this.#people(arrival.payload);
    const stanza = stanzaOf(arrival.payload);
    const known = await this.#directory.lookUp(stanza.me, jidsIn(stanza.node));
    switch (arrival.kind) {
      case 'message':
        return this.#message(known, stanza);
      case 'receipt':
        return receiptEvents(known, stanza.node, stanza.receivedAt);
      case 'ack':
        return ackEvents(known, stanza.node, stanza.receivedAt);
      case 'notification':
        return this.#notification(known, stanza);
      case 'call':
        return this.#call(known, stanza);
    }
  }

  async #history(notice: proto.Message.IHistorySyncNotification): Promise<readonly MessengerEvent[]> {
    const events = historyEvents(this.#options.account, await this.#options.fetchHistory(notice));
    for (const event of events) {
      if (event.kind !== 'chats') continue;
      const groups = event.chats.filter(({ kind }) => kind === 'group');
      for (const { address, name } of groups) if (name !== undefined) await this.#directory.keepName(address, name);
    }
    return events;
  }

  async #notification(known: Known, { node, receivedAt }: StoredStanza): Promise<readonly MessengerEvent[]> {
    const events = notificationEvents(known, node, receivedAt);
    const [event] = events;
    if (event?.kind !== 'changed') return events;
    const { address, name } = event.chat;
    if (name !== undefined && name !== known.names.get(address)) await this.#directory.keepName(address, name);
    return events;
  }

  /** The name of a group nobody has named yet is asked for once. */
  async #withGroupName(known: Known, chat: Jid): Promise<Known> {
    if (!isGroupJid(chat) || known.names.has(chat)) return known;
    const name = await this.#options.fetchGroupName(chat);
    if (name === undefined) return known;
    await this.#directory.keepName(chat, name);
    return { ...known, names: new Map([...known.names, [chat, name]]) };
  }

  /** A call is told when it ends; whether it has a picture is said when it is offered. */
  async #call(known: Known, { node, receivedAt }: StoredStanza): Promise<readonly MessengerEvent[]> {
    const call = callIn(node);
    if (call === undefined) return [];
    const { account, sessions } = this.#options;
    if (call.step === 'offered') {
      const until = new Date(this.#options.clock.now().getTime() + CALL_KEPT_MS);
      await sessions.set(
        account,
        [{ type: CALL, id: call.id, value: Buffer.from(call.video ? 'video' : ''), until }],
        [],
      );
      return [];
    }
    const offered = (await sessions.get(account, CALL, [call.id])).get(call.id);
    const video = call.video || (offered !== undefined && offered.length > 0);
    return callEvents(known, node, video, receivedAt);
  }

  async #people(payload: Uint8Array): Promise<readonly MessengerEvent[]> {
    const known = await this.#directory.lookUp({ phone: '' }, []);
    const people = pairsOf(payload).map(([lid, phone]) => personOf(known, lidJid(lid), phoneUserJid(phone)));
    return [{ kind: 'people', account: this.#options.account, people }];
  }

  async #message(known: Known, stanza: StoredStanza): Promise<readonly MessengerEvent[]> {
    const envelope = messages.envelopeOf(known, stanza.node.attrs, stanza.receivedAt);
    if (envelope === undefined) return [];
    if (stanza.state !== 'part') {
      const unavailable = stanza.node.children?.find(({ tag }) => tag === 'unavailable')?.attrs['type'] ?? '';
      return messages.missingEvents(known, envelope, unavailable.includes('view_once'));
    }
    const { plaintext, type } = stanza.part;
    const bytes = Buffer.from(plaintext, 'base64');
    const message = proto.Message.decode(type === 'plaintext' ? bytes : unpadRandomMax16(bytes));
    const history = historyIn(message);
    if (history !== undefined && envelope.fromMe) {
      return this.#history(history);
    }
    const resent = resentByPhone(message);
    if (resent.length > 0 && envelope.fromMe) return this.#resent(stanza.me, resent);
    const inner = messages.innermost(envelope, message);
    const named = [...jidsIn(stanza.node), ...jidsOfMessage(inner.message), inner.envelope.chatJid];
    const full = await this.#withGroupName(await this.#directory.lookUp(stanza.me, named), inner.envelope.chatJid);
    if (!envelope.fromMe) await this.#directory.learnName(full, envelope);
    const opened = await this.#open(full, inner.envelope, inner.message);
    return messages.receive(full, envelope, message, opened);
  }

  /** Messages that we couldn't read, as our phone sees them. */
  async #resent(me: OwnJids, infos: readonly proto.IWebMessageInfo[]): Promise<readonly MessengerEvent[]> {
    const events: MessengerEvent[] = [];
    for (const { key, message, messageTimestamp, participant, pushName } of infos) {
      const chatJid = bareJid(key?.remoteJid);
      if (!key?.id || !message || chatJid === undefined) continue;
      const author = bareJid(key.participant ?? participant) ?? chatJid;
      const known = await this.#directory.lookUp(me, [chatJid, author, ...jidsOfMessage(message)]);
      const envelope: messages.Envelope = {
        id: key.id,
        chatJid,
        chatAlt: undefined,
        authorJid: key.fromMe ? known.me.phone : author,
        authorAlt: undefined,
        fromMe: key.fromMe === true,
        pushName: pushName ?? undefined,
        at: messages.timeOf(String(messageTimestamp ?? ''), this.#options.clock.now().getTime()),
        isPeer: false,
      };
      events.push(...messages.receive(known, envelope, message));
    }
    return events;
  }

  async #open(
    known: Known,
    envelope: messages.Envelope,
    message: proto.IMessage,
  ): Promise<messages.Opened | undefined> {
    const sealed = messages.sealedIn(message);
    if (sealed === undefined) return undefined;
    const { account, sessions } = this.#options;
    const chats = allForms(known, envelope.chatJid, envelope.chatAlt);
    const query = { chats, id: sealed.target.id ?? '', ...messages.partiesOf(known, envelope, sealed) };
    if (sealed.kind === 'vote') {
      const options = await openVote(sessions, account, query, sealed.vote);
      return options === undefined ? undefined : { kind: 'vote', options };
    }
    const edited = await openEdit(sessions, account, query, sealed.edit);
    return edited === undefined ? undefined : { kind: 'edit', message: edited };
  }
}

/** A customer's message that must be recorded once it was told; broadcasts are left out on purpose. */
function saidBy(event: MessengerEvent): Said[] {
  if (event.kind !== 'message' || event.key.author.kind === 'us' || event.chat.kind === 'broadcast') return [];
  return [{ id: event.key.id, chat: event.chat.address, at: event.at }];
}

/** Which chat an arrival must keep its order in; everything else about it stays unread. */
function chatKeyOf(arrival: Arrival): string {
  if (arrival.kind === 'people') return 'people';
  const { attrs } = stanzaOf(arrival.payload).node;
  return bareJid(attrs['recipient'] ?? attrs['from']) ?? '';
}

function jidsIn(node: StoredStanza['node']): string[] {
  const own = Object.values(node.attrs).filter((value) => value.includes('@'));
  return [...own, ...(node.children ?? []).flatMap(jidsIn)];
}

/** The persons a message names: mentioned, quoted, referred to. */
function jidsOfMessage(outer: proto.IMessage): string[] {
  const jids: string[] = [];
  const collect = (value: unknown, depth: number): void => {
    if (depth > 6 || typeof value !== 'object' || value === null || value instanceof Uint8Array) return;
    for (const [name, inner] of Object.entries(value)) {
      if (name === 'mentionedJid' && Array.isArray(inner)) jids.push(...(inner as string[]));
      else if ((name === 'participant' || name === 'remoteJid') && typeof inner === 'string') jids.push(inner);
      else collect(inner, depth + 1);
    }
  };
  collect(outer, 0);
  return jids.filter((jid): jid is Jid => typeof jid === 'string' && (isLidJid(jid) || jid.includes('@')));
}

function resentByPhone(message: proto.IMessage): proto.IWebMessageInfo[] {
  const results =
    message.protocolMessage?.peerDataOperationRequestResponseMessage?.peerDataOperationResult ??
    message.deviceSentMessage?.message?.protocolMessage?.peerDataOperationRequestResponseMessage
      ?.peerDataOperationResult;
  const bytes = results?.map((result) => result.placeholderMessageResendResponse?.webMessageInfoBytes) ?? [];
  return bytes.filter((info) => info !== undefined && info !== null).map((info) => proto.WebMessageInfo.decode(info));
}
