// Commands over a real store and an in-memory platform, for tests that ask without a client: what is asked, what is answered.
import { expect } from 'vitest';
import { Bridge } from '../../../src/bridge/bridge.ts';
import { Commands } from '../../../src/commands/commands.ts';
import type { Answer, Request } from '../../../src/domain/command.ts';
import type { ChatId, UserId, WorkspaceId } from '../../../src/domain/ids.ts';
import { plainText } from '../../../src/domain/text.ts';
import { fakeClock } from '../../../src/runtime/time.ts';
import { facadesOver } from '../../support/facades.ts';
import { FakeMessenger } from '../../support/fake-messenger.ts';
import { FakeNetwork } from '../../support/fake-network.ts';
import { MemorySessions } from '../../support/memory-sessions.ts';
import { openHouse, type House } from '../access/house.ts';
import { PeoplePlatform } from '../access/people.ts';

export interface Desk {
  readonly house: House;
  readonly clock: ReturnType<typeof fakeClock>;
  readonly platform: PeoplePlatform;
  readonly workspaceId: WorkspaceId;
  readonly commands: Commands;
  /** Every answer that was given, the newest last. */
  readonly answers: Answer[];
  ask(user: UserId, request: Partial<Request>): Promise<Answer>;
  /** Presses a button of an answer. */
  press(user: UserId, answer: Answer, label: RegExp): Promise<Answer>;
  /** A member of the team, known by the user id that is the part of the email before the @. */
  member(email: string, ...chats: readonly ChatId[]): Promise<UserId>;
  admin(email: string): Promise<UserId>;
}

export const words = (answer: Answer): string => plainText(answer.text);

/** A house with a workspace; nobody is in it yet. */
export async function openDesk(): Promise<Desk> {
  const clock = fakeClock();
  const house = await openHouse({ clock });
  const { store, platforms, access, parts } = house;
  const platform = new PeoplePlatform();
  const workspaceId = await house.workspace(platform);
  const facades = facadesOver({ store, access, clock, log: parts.log });
  const bridge = new Bridge({
    ...facades,
    digestPost: (id) => facades.metrics.post(id),
    store,
    messenger: new FakeMessenger(new FakeNetwork(), new MemorySessions()),
    platforms,
    access,
    lease: { valid: () => true, fence: 1n },
    clock,
    log: parts.log,
    linkToFile: () => '',
  });
  const answers: Answer[] = [];
  const answer = async (_: WorkspaceId, __: unknown, given: Answer) => void answers.push(given);
  const commands = new Commands({ store, bridge, access, ...facades, clock, answer });
  const ask = async (user: UserId, request: Partial<Request>): Promise<Answer> => {
    const before = answers.length;
    await commands.handle(workspaceId, {
      ref: { token: 'ref' },
      user,
      via: 'command',
      action: 'wa',
      text: '',
      options: {},
      ...request,
    });
    expect(answers).toHaveLength(before + 1);
    return answers.at(-1)!;
  };
  return {
    house,
    clock,
    platform,
    workspaceId,
    commands,
    answers,
    ask,
    press: (user, given, label) => {
      const action = given.buttons?.find((button) => label.test(button.label))?.action;
      expect(action).toMatch(/^[\d:_a-z-]{1,80}$/);
      return ask(user, { via: 'button', action: action! });
    },
    member: async (email, ...chats) => {
      const agent = await house.agent(email);
      for (const chatId of chats) await house.grant(agent, chatId);
      return platform.add(email.split('@')[0] ?? '', email);
    },
    admin: async (email) => {
      await house.agent(email, 'admin');
      return platform.add(email.split('@')[0] ?? '', email);
    },
  };
}
