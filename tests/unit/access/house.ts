// What every test of access stands in: a database of its own, an Account with Chats, Workspaces in memory, and Access over them.
import { expect, vi } from 'vitest';
import { Access, type AccessParts } from '../../../src/access/access.ts';
import {
  as,
  type AccountId,
  type ChannelId,
  type ChatAddress,
  type ChatId,
  type UserId,
  type WorkspaceId,
} from '../../../src/domain/ids.ts';
import type { ChatPlatform } from '../../../src/platforms/platform.ts';
import { createLog } from '../../../src/runtime/log.ts';
import { systemClock } from '../../../src/runtime/time.ts';
import type { Agent, Role } from '../../../src/store/agent.ts';
import type { Mirror } from '../../../src/store/mirror.ts';
import { newId } from '../../../src/store/db.ts';
import { Store } from '../../../src/store/store.ts';
import { freshDatabase, type TestDatabase } from '../../support/postgres.ts';
import type { PeoplePlatform } from './people.ts';

/** Until it no longer fails; the loop looks every two seconds by itself. */
export const waitFor = <T>(look: () => T | Promise<T>): Promise<T> =>
  vi.waitFor(look, { timeout: 15_000, interval: 25 });

export interface House {
  readonly database: TestDatabase;
  readonly store: Store;
  readonly platforms: Map<WorkspaceId, ChatPlatform>;
  readonly parts: AccessParts;
  readonly access: Access;
  agent(email: string, role?: Role, status?: Agent['status']): Promise<Agent>;
  chat(name: string): Promise<ChatId>;
  workspace(platform: PeoplePlatform): Promise<WorkspaceId>;
  /** Opens the Chat's channel in the Workspace, as the bridge does. */
  mirror(chatId: ChatId, workspaceId: WorkspaceId): Promise<Mirror & { channelId: ChannelId }>;
  grant(agent: Agent, chatId: ChatId, until?: Date): Promise<void>;
  /** Waits until the channel holds exactly these people. */
  holds(workspaceId: WorkspaceId, channelId: ChannelId, users: readonly UserId[]): Promise<void>;
  /** Waits until no channel is stale. */
  quiet(): Promise<void>;
  notices(): Promise<string[]>;
  close(): Promise<void>;
}

export async function openHouse(options: Partial<AccessParts> = {}): Promise<House> {
  const database = await freshDatabase();
  const store = Store.create({ address: database });
  await store.migrate(database);
  const platforms = new Map<WorkspaceId, ChatPlatform>();
  const parts: AccessParts = { store, platforms, clock: systemClock, log: createLog({ level: 'silent' }), ...options };
  const access = new Access(parts);
  const now = () => parts.clock.now();
  const accountId = newId<AccountId>(now().getTime());
  await store.read.accounts.create({ id: accountId, name: 'Main' });
  const peopleOf = (workspaceId: WorkspaceId) => platforms.get(workspaceId) as PeoplePlatform;
  let count = 0;
  return {
    database,
    store,
    platforms,
    parts,
    access,
    agent: async (email, role = 'member', status = 'active') => {
      const agent = await store.read.agents.add({ email, name: null, role, status }, now());
      if (agent === undefined) throw new Error(`${email} is there already`);
      return agent;
    },
    chat: async (name) => {
      count += 1;
      const address = as<ChatAddress>(`chat-${count}`);
      const { chat } = await store.transaction((tx) =>
        tx.chats.resolve(accountId, { address, kind: 'group', name }, null, now()),
      );
      return chat.id;
    },
    workspace: async (platform) => {
      count += 1;
      const { id } = await store.read.workspaces.fromEnvironment(`people-${count}`, now());
      platforms.set(id, platform);
      return id;
    },
    mirror: async (chatId, workspaceId) => {
      count += 1;
      const { id } = await store.read.mirrors.ensure(chatId, workspaceId, now());
      const channelId = peopleOf(workspaceId).open(`C${count}`);
      await store.read.mirrors.opened(id, { channelId, channelName: `wa-${count}`, url: null }, now());
      const mirror = await store.read.mirrors.find(id);
      if (mirror === undefined) throw new Error('the mirror is gone');
      return { ...mirror, channelId };
    },
    grant: async (agent, chatId, until) => {
      const terms = { by: 'admin@acme.com', at: now(), until: until ?? null };
      await store.transaction(async (tx) => {
        await tx.grants.grantChats([agent.id], [chatId], terms);
        await tx.mirrors.markStale({ chatId }, now());
      });
    },
    holds: (workspaceId, channelId, users) =>
      waitFor(() => expect(peopleOf(workspaceId).members(channelId)).toEqual([...users].sort())),
    quiet: () => waitFor(async () => expect(await store.read.mirrors.staleCounts()).toEqual([])),
    notices: async () =>
      (await store.read.deliveries.list({ states: ['queued'], limit: 100 })).flatMap(({ task }) =>
        task.kind === 'notice' ? [task.notice.sentence] : [],
      ),
    close: async () => {
      await access.stop();
      await store.close();
      await database.drop();
    },
  };
}
