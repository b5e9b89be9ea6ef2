// The channel that problems of a Workspace are told in, instead of to each admin: chosen only when nobody but admins reads it.
import { BridgeError } from '../domain/errors.ts';
import type { ChannelId, UserId, WorkspaceId } from '../domain/ids.ts';
import type { ChatPlatform, ChannelReaders } from '../platforms/platform.ts';
import { adminsChannelKey } from '../store/setting.ts';
import { auditOf, type Actor } from './change.ts';
import type { Identities, IdentityParts } from './identity.ts';

export interface AdminsChannelParts extends IdentityParts {
  readonly identities: Pick<Identities, 'agentFor'>;
}

/** Set; or why not, in plain words, and nothing was changed. */
export type AdminsChannelResult = { readonly channelId: ChannelId | null } | { readonly refused: string };

/** Where problems are told. Without a channel: to each admin; `fault`: why not in the one that was chosen, in plain words. */
export interface NoticesPlace {
  readonly channelId: ChannelId | null;
  readonly fault?: string;
}

const NAMED_AT_MOST = 5;
const NOT_THERE = 'There is no such channel, or Switchboard isn’t in it. Invite it there first.';

/** See `Access.adminsChannel` and `Access.setAdminsChannel`. */
export class AdminsChannel {
  readonly #parts: AdminsChannelParts;

  constructor(parts: AdminsChannelParts) {
    this.#parts = parts;
  }

  async of(workspaceId: WorkspaceId): Promise<ChannelId | null> {
    const stored = await this.#parts.store.read.settings.get(adminsChannelKey(workspaceId));
    return typeof stored === 'string' ? (stored as ChannelId) : null;
  }

  /** Asks the platform, so never inside a transaction: who is in the channel may have changed since it was chosen. */
  async now(workspaceId: WorkspaceId): Promise<NoticesPlace> {
    const channelId = await this.of(workspaceId);
    const fault = channelId === null ? undefined : await this.#faultOf(workspaceId, channelId);
    return fault === undefined ? { channelId } : { channelId: null, fault };
  }

  /** Asks the platform, so never inside a transaction. */
  async set(workspaceId: WorkspaceId, channelId: ChannelId | null, actor: Actor): Promise<AdminsChannelResult> {
    const { store, clock } = this.#parts;
    const refused = channelId === null ? undefined : await this.#faultOf(workspaceId, channelId);
    if (refused !== undefined) return { refused };
    await store.transaction(async (tx) => {
      const now = clock.now();
      const key = adminsChannelKey(workspaceId);
      if (channelId === null) await tx.settings.unset(key);
      else await tx.settings.set(key, channelId, now);
      const detail = { setting: 'adminsChannel', workspaceId, value: channelId };
      await tx.audit.add(auditOf(actor, 'settings.changed', now, { detail }));
    });
    return { channelId };
  }

  async #faultOf(workspaceId: WorkspaceId, channelId: ChannelId): Promise<string | undefined> {
    const { store, platforms } = this.#parts;
    const platform = platforms.get(workspaceId);
    if (platform === undefined) return 'This workspace is not connected.';
    if ((await store.read.mirrors.ofChannel(workspaceId, channelId)) !== undefined) {
      return 'This is the channel of one chat, which members may see. Choose one that is for the admins alone.';
    }
    const readers = await readersOf(platform, channelId);
    if (readers === undefined) return NOT_THERE;
    if (!readers.isPrivate) {
      return `Everybody can read #${readers.name}, and problems name chats and people. Choose a private channel.`;
    }
    const others = await this.#notAdmins(workspaceId, platform, readers.users);
    if (others.length === 0) return undefined;
    const more = others.length > NAMED_AT_MOST ? ` and ${others.length - NAMED_AT_MOST} more` : '';
    return `Not only admins read #${readers.name}: ${others.slice(0, NAMED_AT_MOST).join(', ')}${more}. Take them out of it, or make them admins.`;
  }

  /** What those are called who aren't admins. */
  async #notAdmins(workspaceId: WorkspaceId, platform: ChatPlatform, users: readonly UserId[]): Promise<string[]> {
    const others: string[] = [];
    for (const user of users) {
      const agent = await this.#parts.identities.agentFor(workspaceId, user);
      if (agent?.role === 'admin' && agent.status === 'active') continue;
      others.push(agent?.email ?? (await platform.describeUser(user)).name);
    }
    return others;
  }
}

/** What is closed to us or refused for good is no channel for us; that the platform can't be asked now is thrown on. */
async function readersOf(platform: ChatPlatform, channelId: ChannelId): Promise<ChannelReaders | undefined> {
  try {
    return await platform.readersOf(channelId);
  } catch (error) {
    if (!(error instanceof BridgeError)) throw error;
    const isClosed = error.code === 'channel_gone' || error.code === 'not_allowed';
    if (isClosed || (error.certain && error.retry === 'never')) return undefined;
    throw error;
  }
}
