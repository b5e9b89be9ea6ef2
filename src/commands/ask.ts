// What a command's own code gets: who asks, from where, with which options, and the facades it may use.
import type { Access } from '../access/access.ts';
import type { Bridge } from '../bridge/bridge.ts';
import type { Answer, CommandEntry, CommandRef } from '../domain/command.ts';
import type { ChannelId, ChatId, PostId, UserId, WorkspaceId } from '../domain/ids.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { Clock } from '../runtime/time.ts';
import type { Agent } from '../store/agent.ts';
import type { By } from '../store/audit.ts';
import type { Store } from '../store/store.ts';
import type { Tickets } from '../tickets/tickets.ts';
import type { Offers } from './offers.ts';

export type AccessChange = Parameters<Access['apply']>[0];
export type Actor = Parameters<Access['apply']>[1];
export type ChangeResult = Awaited<ReturnType<Access['apply']>>;
export type Preview = Awaited<ReturnType<Access['preview']>>;
export type InviteResult = Awaited<ReturnType<Access['invite']>>;

/** Who may ask for something; `CommandEntry.who`. */
export type Who = CommandEntry['who'];

export interface CommandsParts {
  readonly store: Store;
  readonly bridge: Bridge;
  readonly access: Access;
  readonly tickets: Tickets;
  readonly metrics: Metrics;
  readonly clock: Clock;
  /** Answers a request privately. Rejects with a BridgeError. */
  answer(workspaceId: WorkspaceId, ref: CommandRef, answer: Answer): Promise<void>;
}

/** One request of somebody who may make it. */
export interface Ask {
  readonly workspaceId: WorkspaceId;
  readonly user: UserId;
  readonly agent: Agent;
  /** Who may do what is asked. */
  readonly who: Who;
  /** Where it's asked, as far as the platform says so. */
  readonly channel: ChannelId | undefined;
  /** The Chat that the channel shows, if it shows one. */
  readonly here: ChatId | undefined;
  /** The post that a shortcut was used on. */
  readonly post: PostId | undefined;
  readonly options: Readonly<Record<string, string>>;
  /** What a button's action says behind its name. */
  readonly id: string;
  readonly actor: Actor;
  readonly by: By;
  /** Phone numbers as this Agent may see them. */
  readonly phones: (text: string) => string;
}

export interface Parts extends CommandsParts {
  readonly offers: Offers;
}

export type Handler = (parts: Parts, ask: Ask) => Promise<Answer>;

/** An expected no, in plain words. */
export interface Refused {
  readonly refused: string;
}

export const isRefused = (value: unknown): value is Refused =>
  typeof value === 'object' && value !== null && 'refused' in value && typeof value.refused === 'string';
