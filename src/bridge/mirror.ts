// The channel of a Mirror: opened by the first thing shown in it, named, given a topic, and replaced when it was lost.
import { formatPhone } from './phone.ts';
import { channelName, isVariantOf } from './channel-name.ts';
import type { ChannelId, MirrorId, WorkspaceId } from '../domain/ids.ts';
import { BridgeError } from '../domain/errors.ts';
import { MASK_PHONES, maskPhones } from '../access/access.ts';
import type { ChatPlatform, OpenedChannel } from '../platforms/platform.ts';
import type { Log } from '../runtime/log.ts';
import type { Clock } from '../runtime/time.ts';
import type { Chat } from '../store/chat.ts';
import type { Mirror } from '../store/mirror.ts';
import type { Store, Tx } from '../store/store.ts';
import { describeChannels, lineLane, noticeLane, showCards } from './lanes.ts';

/** How soon a channel that was refused is asked for again. */
const OPEN_AGAIN_MS = 60_000;

export interface MirrorsParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
}

/** What a Chat is called where people read it. */
export async function chatTitle(tx: Tx, chat: Chat): Promise<{ name: string; phone: string | undefined }> {
  const contact = chat.contactId === null ? undefined : await tx.contacts.find(chat.contactId);
  const phone = contact?.phone === null || contact === undefined ? undefined : formatPhone(contact.phone);
  return { name: chat.name ?? contact?.name ?? phone ?? (chat.kind === 'group' ? 'Group' : 'Unknown'), phone };
}

interface Titled {
  readonly name: string;
  readonly phone: string | undefined;
  readonly kind: Chat['kind'];
  readonly account: string | undefined;
}

/** What a channel is called and says of itself, with phone numbers as `show` lets them be seen. */
function describe({ name, phone, kind, account }: Titled, show: (text: string) => string, maxLength: number) {
  const title = show(name);
  const parts = [title, phone === undefined ? undefined : show(phone), account].filter((part) => part !== undefined);
  return { title, channel: { name: channelName({ name: title, kind }, maxLength), topic: parts.join(' · ') } };
}

const placeOf = ({ channel, name, url }: OpenedChannel) => ({
  channelId: channel,
  channelName: name,
  url: url ?? null,
});

/** Opens channels, one try at a time for each Mirror. */
export class Mirrors {
  readonly #parts: MirrorsParts;
  readonly #opening = new Map<MirrorId, Promise<ChannelId>>();

  constructor(parts: MirrorsParts) {
    this.#parts = parts;
  }

  /** The Mirror's channel, opened now if there's none. Rejects with the platform's BridgeError. */
  async channelOf(mirror: Mirror, platform: ChatPlatform): Promise<ChannelId> {
    if (mirror.state === 'open' && mirror.channelId !== null) return mirror.channelId;
    const running = this.#opening.get(mirror.id);
    if (running !== undefined) return running;
    const opening = this.#open(mirror.id, platform).finally(() => this.#opening.delete(mirror.id));
    this.#opening.set(mirror.id, opening);
    return opening;
  }

  async #open(id: MirrorId, platform: ChatPlatform): Promise<ChannelId> {
    const { store, clock, log } = this.#parts;
    const mirror = await store.read.mirrors.find(id);
    const chat = mirror === undefined ? undefined : await store.read.chats.find(mirror.chatId);
    if (mirror === undefined || chat === undefined) throw gone();
    if (mirror.state === 'open' && mirror.channelId !== null) return mirror.channelId;
    const { spec, title, wasMasked } = await this.#specOf(mirror, chat, platform, mirror.generation);
    const opened = await platform.openChannel(spec).catch((error: unknown) => this.#refused(mirror, title, error));
    await store.transaction(async (tx) => {
      await tx.mirrors.opened(id, { ...placeOf(opened), isThread: opened.isThread === true }, clock.now());
      await this.#opened(tx, mirror, wasMasked);
    });
    log.info({ mirrorId: id, channelId: opened.channel }, 'a channel was opened');
    return opened.channel;
  }

  /**
   * Gives a Mirror that is a private thread a channel of its own, in which it goes on; the thread is to be closed then. Repeatable: what an
   * earlier try opened is found. Rejects with the platform's BridgeError.
   */
  async promote({ id }: Mirror, platform: ChatPlatform): Promise<void> {
    const { store, clock, log } = this.#parts;
    const mirror = await store.read.mirrors.find(id);
    const chat = mirror === undefined ? undefined : await store.read.chats.find(mirror.chatId);
    const thread = mirror?.state === 'open' && mirror.isThread ? mirror.channelId : null;
    if (mirror === undefined || thread === null || chat === undefined) return;
    const { spec, wasMasked } = await this.#specOf(mirror, chat, platform, mirror.generation + 1);
    const opened = await platform.openChannel({ ...spec, own: true });
    await store.transaction(async (tx) => {
      if (!(await tx.mirrors.promoted(id, thread, placeOf(opened), clock.now()))) return;
      await this.#opened(tx, mirror, wasMasked);
      const task = { kind: 'retire', mirrorId: id, channelId: thread } as const;
      await tx.deliveries.enqueue(lineLane(mirror), task, { chatId: chat.id }, clock.now());
    });
    log.info({ mirrorId: id, channelId: opened.channel, thread }, 'a thread got a channel of its own');
  }

  /** How the channel of a Mirror is to be opened. */
  async #specOf({ id }: Mirror, chat: Chat, platform: ChatPlatform, generation: number) {
    const { store } = this.#parts;
    const account = await store.read.accounts.find(chat.accountId);
    const { channelNameLength } = platform.capabilities;
    const wasMasked = (await store.read.settings.get(MASK_PHONES)) === true;
    const show = wasMasked ? maskPhones : (text: string) => text;
    const { title, channel } = describe(await this.#titled(chat), show, channelNameLength);
    const group = account && {
      id: account.id,
      name: channelName({ name: account.name, kind: 'group' }, channelNameLength),
    };
    const spec = {
      // A channel that comes after another isn't found by that one's mark.
      mirror: generation === 0 ? id : (`${id}.${generation}` as MirrorId),
      ...channel,
      ...(group === undefined ? {} : { group }),
    };
    return { spec, title, wasMasked };
  }

  /** What belongs into a channel that was just opened. */
  async #opened(tx: Tx, mirror: Mirror, wasMasked: boolean): Promise<void> {
    const now = this.#parts.clock.now();
    // It may have been switched meanwhile, without this channel being among those to be described anew.
    await tx.settings.lock(MASK_PHONES);
    const isMasked = (await tx.settings.get(MASK_PHONES)) === true;
    if (isMasked !== wasMasked) await describeChannels(tx, now, [mirror]);
    for (const ticket of await tx.tickets.unresolvedOf(mirror.chatId)) await showCards(tx, ticket, now);
  }

  /**
   * Gives a channel the name and topic it would be opened with now, as far as they speak of a phone number; a name that somebody chose is left.
   * Repeatable. Rejects with the platform's BridgeError.
   */
  async describe({ id }: Mirror, platform: ChatPlatform): Promise<void> {
    const { store } = this.#parts;
    const mirror = await store.read.mirrors.find(id);
    const chat = mirror === undefined ? undefined : await store.read.chats.find(mirror.chatId);
    // The next channel is opened as it should be.
    if (mirror?.state !== 'open' || mirror.channelId === null || chat === undefined) return;
    const { channelNameLength } = platform.capabilities;
    const titled = await this.#titled(chat);
    const shownBy = (mask: (text: string) => string) => describe(titled, mask, channelNameLength).channel;
    const [open, masked] = [shownBy((text) => text), shownBy(maskPhones)];
    const isMasked = (await store.read.settings.get(MASK_PHONES)) === true;
    const [wanted, before] = isMasked ? [masked, open] : [open, masked];
    const isRenamed = before.name !== wanted.name && isVariantOf(mirror.channelName ?? '', before.name);
    const changes = {
      ...(isRenamed ? { name: wanted.name } : {}),
      ...(open.topic === masked.topic ? {} : { topic: wanted.topic }),
    };
    if (Object.keys(changes).length === 0) return;
    const name = await platform.updateChannel(mirror.channelId, changes);
    if (name !== undefined) await store.read.mirrors.rename(id, name);
  }

  async #titled(chat: Chat): Promise<Titled> {
    const { store } = this.#parts;
    const account = await store.read.accounts.find(chat.accountId);
    return { ...(await chatTitle(store.read, chat)), kind: chat.kind, account: account?.name };
  }

  /** A channel that can't be opened holds its messages back until somebody mended what's in the way; the admins are told once. */
  async #refused(mirror: Mirror, name: string, error: unknown): Promise<never> {
    if (!(error instanceof BridgeError) || error.retry === 'later') throw error;
    const { store, clock } = this.#parts;
    const problem = {
      what: `No channel can be opened for “${name}”: ${error.sentence}`,
      fix: 'Mend that in the workspace; the messages wait and are shown then.',
    };
    if (mirror.problems?.[0]?.what !== problem.what) {
      await store.transaction(async (tx) => {
        await tx.mirrors.setProblems(mirror.id, [problem]);
        await tx.deliveries.enqueue(
          noticeLane(mirror.workspaceId),
          {
            kind: 'notice',
            workspaceId: mirror.workspaceId,
            notice: { kind: 'problem', sentence: problem.what, fix: problem.fix },
          },
          { chatId: mirror.chatId },
          clock.now(),
        );
      });
    }
    throw new BridgeError(error.code, `opening a channel: ${error.message}`, {
      sentence: error.sentence,
      retry: 'later',
      certain: true,
      retryAfterMs: OPEN_AGAIN_MS,
      cause: error,
    });
  }

  /** The channel is not to be reached any more: what is shown next opens a new one. The admins are told, once for each loss. */
  async lost(workspaceId: WorkspaceId, mirror: Mirror): Promise<void> {
    const { store, clock } = this.#parts;
    await store.transaction(async (tx) => {
      const before = await tx.mirrors.find(mirror.id);
      if (before?.state !== 'open') return;
      await tx.mirrors.lost(mirror.id);
      await tx.deliveries.enqueue(
        noticeLane(workspaceId),
        {
          kind: 'notice',
          workspaceId,
          notice: {
            kind: 'problem',
            sentence: `The channel #${mirror.channelName ?? 'unknown'} was closed, deleted, or Switchboard was taken out of it.`,
            fix: 'A new channel opens with the next message of that chat. To keep the old one readable, put it back and leave it as it is.',
          },
        },
        { chatId: mirror.chatId },
        clock.now(),
      );
    });
  }
}

export function gone(): BridgeError {
  return new BridgeError('refused', 'the message or mirror is not there any more', {
    sentence: 'The chat or message is not there any more.',
    retry: 'never',
    certain: true,
  });
}
