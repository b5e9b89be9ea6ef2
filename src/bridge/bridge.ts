// The Bridge: carries messages between messengers and workspaces. All that others see of this folder.
import type { Readable } from 'node:stream';
import type { Access } from '../access/access.ts';
import type { ChatRef, MessengerEvent } from '../domain/events.ts';
import type { AccountId, AgentId, ChannelId, ChatId, DeliveryId, MessageId, WorkspaceId } from '../domain/ids.ts';
import type { Post } from '../domain/post.ts';
import { plain } from '../domain/text.ts';
import { fileName } from '../media/kind.ts';
import type { Messenger } from '../platforms/messenger.ts';
import type { LinkOptions, LinkStep } from '../domain/link.ts';
import type { ChatPlatform } from '../platforms/platform.ts';
import type { Lease } from '../runtime/lease.ts';
import type { Log } from '../runtime/log.ts';
import { Loop, type Clock } from '../runtime/time.ts';
import type { Account } from '../store/account.ts';
import type { By } from '../store/audit.ts';
import { newId } from '../store/db.ts';
import type { DigestId } from '../store/digest.ts';
import type { Store, Tx } from '../store/store.ts';
import type { Tickets } from '../tickets/tickets.ts';
import { recordAccountState } from './connection.ts';
import { Deliver } from './deliver.ts';
import { Inbound } from './inbound.ts';
import { describeChannels, mirrorLane } from './lanes.ts';
import { Mirrors } from './mirror.ts';
import { Outbound, type ChannelEvent, type Outcome } from './outbound.ts';
import { Replies } from './replies.ts';
import { ToMessenger } from './to-messenger.ts';
import { ToPlatform } from './to-platform.ts';
import { openFile } from './view.ts';

export { parseResendEmoji, RESEND_EMOJI } from './reactions.ts';

export interface BridgeParts {
  readonly store: Store;
  readonly messenger: Messenger;
  readonly platforms: ReadonlyMap<WorkspaceId, ChatPlatform>;
  readonly access: Access;
  readonly tickets: Tickets;
  /** What a channel is to show of a Digest, and which channel; undefined: there is no such Digest. */
  readonly digestPost: (id: DigestId) => Promise<{ readonly channelId: ChannelId; readonly post: Post } | undefined>;
  readonly lease: Pick<Lease, 'valid' | 'fence'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly linkToFile: (messageId: MessageId) => string;
}

const HOUSEKEEPING_MS = 60 * 60_000;
/** Long enough that every platform has stopped redelivering (Slack: minutes; WhatsApp's offline queue: weeks). */
const KEEP_INBOX_MS = 30 * 24 * 60 * 60_000;
const KEEP_SENT_MS = 14 * 24 * 60 * 60_000;
const KEEP_DELIVERIES_MS = 7 * 24 * 60 * 60_000;

/** An expected no, in plain words. Nothing was done. */
export interface Refusal {
  readonly refused: string;
}

interface Linking {
  step: LinkStep;
  done: Promise<void>;
}

/** The facade. `start` once the process holds the lease; `stop` ends everything it began. */
export class Bridge {
  readonly #parts: BridgeParts;
  readonly #inbound: Inbound;
  readonly #outbound: Outbound;
  readonly #replies: Replies;
  readonly #deliver: Deliver;
  readonly #housekeeping: Loop;
  readonly #linking = new Map<AccountId, Linking>();

  constructor(parts: BridgeParts) {
    this.#parts = parts;
    const { clock, log } = parts;
    this.#inbound = new Inbound(parts);
    this.#replies = new Replies(parts);
    this.#outbound = new Outbound(parts, this.#replies);
    const toPlatform = new ToPlatform({ ...parts, mirrors: new Mirrors(parts) });
    this.#deliver = new Deliver({ ...parts, toPlatform, toMessenger: new ToMessenger(parts) });
    this.#housekeeping = new Loop({
      name: 'housekeeping',
      clock,
      log,
      everyMs: HOUSEKEEPING_MS,
      run: () => this.#tidy(),
    });
  }

  /** Starts the messenger with every Account that is linked, and the delivery loop. */
  async start(): Promise<void> {
    const { store, messenger } = this.#parts;
    await messenger.start({ onEvent: (event) => this.#record(event) });
    for (const account of await store.read.accounts.all()) await messenger.open(account.id);
    this.#deliver.start();
    this.#housekeeping.start();
  }

  /** How phone numbers are shown is being changed in this transaction: names and topics of channels follow, at the platform's pace. */
  describeChannels(tx: Tx): Promise<void> {
    return describeChannels(tx, this.#parts.clock.now());
  }

  async stop(): Promise<void> {
    await Promise.all([this.#parts.messenger.stop(), this.#deliver.stop(), this.#housekeeping.stop()]);
  }

  async #record(event: MessengerEvent): Promise<void> {
    if (event.kind === 'connection') await recordAccountState(this.#parts, event);
    else await this.#inbound.record(event);
  }

  /** Records what an agent did in a channel. */
  async heard(workspaceId: WorkspaceId, event: ChannelEvent): Promise<Outcome> {
    return this.#outbound.record(workspaceId, event);
  }

  /** Without a name it's called by its place among the numbers. */
  async createAccount(name: string | undefined, by: By): Promise<Account> {
    const { store, messenger, clock } = this.#parts;
    const account = await store.transaction(async (tx) => {
      const now = clock.now();
      const count = (await tx.accounts.all()).length;
      const made = await tx.accounts.create({
        id: newId<AccountId>(now.getTime()),
        name: name ?? `Number ${count + 1}`,
      });
      await tx.audit.add({ ...by, action: 'account.add', detail: { accountId: made.id }, at: now });
      return made;
    });
    await messenger.open(account.id);
    return account;
  }

  /** Starts linking and resolves at once; the steps are read by `linkStep`. */
  async link(accountId: AccountId, options: LinkOptions, by: By): Promise<Refusal | undefined> {
    const { messenger, log, store, clock } = this.#parts;
    const account = await store.read.accounts.find(accountId);
    if (account === undefined) return { refused: 'There is no such number.' };
    if (account.state === 'connected') return { refused: 'This number is linked already. Unlink it first.' };
    const running = this.#linking.get(accountId);
    if (running !== undefined && running.step.step !== 'linked' && running.step.step !== 'failed') {
      return { refused: 'This number is being linked already.' };
    }
    const linking: Linking = { step: { step: 'waiting' }, done: Promise.resolve() };
    this.#linking.set(accountId, linking);
    await store.read.audit.add({
      ...by,
      action: 'account.link',
      detail: { accountId, method: options.method },
      at: clock.now(),
    });
    linking.done = this.#followLinking(linking, messenger.link(accountId, options)).catch((error: unknown) => {
      log.error({ accountId, err: error }, 'linking failed');
      linking.step = { step: 'failed', reason: 'Linking failed; try again.' };
    });
    return undefined;
  }

  async #followLinking(linking: Linking, steps: AsyncIterable<LinkStep>): Promise<void> {
    for await (const step of steps) linking.step = step;
  }

  /** The present step; `waiting` when nothing was started. */
  linkStep(accountId: AccountId): LinkStep {
    return this.#linking.get(accountId)?.step ?? { step: 'waiting' };
  }

  /** Ends the link and forgets the Account; its Chats, channels and history stay. */
  async unlink(accountId: AccountId, by: By): Promise<void> {
    const { store, messenger, clock } = this.#parts;
    await messenger.unlink(accountId);
    await store.transaction(async (tx) => {
      await tx.accounts.remove(accountId, clock.now());
      await tx.audit.add({ ...by, action: 'account.unlink', detail: { accountId }, at: clock.now() });
    });
  }

  /**
   * A reply written on the web, by the API, or (with `workspaceId`) by a command in that Workspace. Without an agent (the admin's token) nobody's
   * name stands under it.
   */
  async reply(
    reply: {
      readonly chatId: ChatId;
      readonly agentId: AgentId | null;
      readonly text: string;
      readonly workspaceId?: WorkspaceId;
    },
    by: By,
  ): Promise<{ readonly messageId: MessageId } | Refusal> {
    return this.#replies.fromDoor({ ...reply, text: plain(reply.text) }, by);
  }

  /** A Note, perhaps about a Message of the Chat: shown in its channels, and never sent. */
  async note(
    note: { readonly chatId: ChatId; readonly agentId: AgentId; readonly text: string; readonly aboutId?: MessageId },
    by: By,
  ): Promise<{ readonly messageId: MessageId } | Refusal> {
    return this.#replies.note({ ...note, text: plain(note.text) }, by);
  }

  /**
   * Writes to a phone number (E.164) first, from an Account or from the only one there is; whoever starts a Chat is granted it. Asks the
   * messenger, so never inside a transaction; rejects with a BridgeError when it can't be asked.
   */
  async newChat(
    start: {
      readonly agentId: AgentId;
      readonly accountId: AccountId | undefined;
      readonly phone: string;
      readonly text: string;
      /** Where it was asked for. */
      readonly workspaceId: WorkspaceId;
    },
    by: By,
  ): Promise<{ readonly chatId: ChatId; readonly messageId: MessageId } | Refusal> {
    const { store, messenger } = this.#parts;
    const linked = (await store.read.accounts.all()).filter(
      ({ state }) => state !== 'unlinked' && state !== 'logged_out',
    );
    const chosen = start.accountId === undefined ? linked : linked.filter(({ id }) => id === start.accountId);
    const [account, another] = chosen;
    if (account === undefined) {
      return { refused: linked.length === 0 ? 'No WhatsApp number is linked.' : 'This WhatsApp number isn’t linked.' };
    }
    if (another !== undefined) {
      return { refused: `Say from which number: ${linked.map(({ name }) => name).join(', ')}.` };
    }
    const found = await messenger.findChat(account.id, start.phone);
    if (found === undefined) return { refused: 'Nobody is on WhatsApp with this phone number.' };
    const chat: ChatRef & { kind: 'direct' } = { ...found, kind: 'direct' };
    // Known under another address already, it's made one with that here.
    await this.#inbound.record({ kind: 'chats', account: account.id, chats: [chat] });
    const { agentId, workspaceId } = start;
    return this.#replies.begin({ agentId, accountId: account.id, chat, text: plain(start.text), workspaceId }, by);
  }

  /** Gives a Chat that is a private thread in this Workspace a channel of its own there, soon after; the thread is closed and stays readable. */
  async promote(chatId: ChatId, workspaceId: WorkspaceId, by: By): Promise<Refusal | undefined> {
    const { store, clock } = this.#parts;
    return store.transaction(async (tx) => {
      const mirror = (await tx.mirrors.ofChat(chatId)).find((each) => each.workspaceId === workspaceId);
      if (mirror?.state !== 'open') return { refused: 'It has no channel here yet: one opens with its next message.' };
      if (!mirror.isThread) return { refused: 'It has a channel of its own already.' };
      const task = { kind: 'promote', mirrorId: mirror.id } as const;
      await tx.deliveries.enqueue(mirrorLane(mirror), task, { chatId }, clock.now());
      await tx.audit.add({ ...by, action: 'chat.promote', chatId, detail: { workspaceId }, at: clock.now() });
      return undefined;
    });
  }

  /** A person's word about a reply: resend, send what waited, or drop it. Gives the sentence to answer with. */
  async resume(agentId: AgentId, messageId: MessageId, what: 'resend' | 'send' | 'cancel'): Promise<string> {
    return this.#replies.resume(agentId, messageId, what);
  }

  /** A person takes a reply back: it's deleted on the messenger's side too, within the time that allows. */
  async takeBack(agentId: AgentId, messageId: MessageId, by: By): Promise<Refusal | undefined> {
    return this.#replies.takeBack(agentId, messageId, by);
  }

  /** Tries a Delivery that ended badly once more, under the same key and id. */
  async retry(deliveryId: DeliveryId, by: By): Promise<Refusal | undefined> {
    const { store, clock } = this.#parts;
    return store.transaction(async (tx) => {
      const delivery = await tx.deliveries.find(deliveryId);
      if (delivery === undefined || (delivery.state !== 'failed' && delivery.state !== 'uncertain')) {
        return { refused: 'Only a delivery that failed or was not confirmed can be tried again.' };
      }
      const { task } = delivery;
      if (task.kind === 'send') await tx.messages.update(task.messageId, { state: 'queued', reason: null });
      await tx.deliveries.requeue(deliveryId, clock.now());
      await tx.audit.add({ ...by, action: 'delivery.retry', detail: { deliveryId }, at: clock.now() });
      return undefined;
    });
  }

  /** Leaves a Delivery that ended badly as it is, out of the list of troubles. */
  async giveUp(deliveryId: DeliveryId, by: By): Promise<Refusal | undefined> {
    const { store, clock } = this.#parts;
    return store.transaction(async (tx) => {
      if (!(await tx.deliveries.restate(deliveryId, ['failed', 'uncertain'], 'cancelled'))) {
        return { refused: 'Only a delivery that failed or was not confirmed can be given up.' };
      }
      await tx.audit.add({ ...by, action: 'delivery.give_up', detail: { deliveryId }, at: clock.now() });
      return undefined;
    });
  }

  /** The file of a Message, wherever it is. */
  async openMedia(
    messageId: MessageId,
  ): Promise<{ stream: Readable; name: string; mimeType: string; sizeBytes?: number } | undefined> {
    const message = await this.#parts.store.read.messages.find(messageId);
    if (message === undefined || message.content.kind !== 'media' || message.deletedAt !== null) return undefined;
    const open = openFile(this.#parts, message);
    if (open === undefined) return undefined;
    const { file, media } = message.content;
    return {
      stream: await open(),
      name: fileName({
        media,
        mimeType: file.mimeType,
        at: message.sentAt,
        ...(file.name === undefined ? {} : { name: file.name }),
      }),
      mimeType: file.mimeType,
      ...(file.sizeBytes === undefined ? {} : { sizeBytes: file.sizeBytes }),
    };
  }

  async #tidy(): Promise<void> {
    const { store, clock } = this.#parts;
    const before = (ms: number) => new Date(clock.now().getTime() - ms);
    await store.read.inbox.prune(before(KEEP_INBOX_MS));
    await store.read.messages.pruneWaiting(before(KEEP_SENT_MS));
    await store.read.deliveries.prune(before(KEEP_DELIVERIES_MS));
  }
}
