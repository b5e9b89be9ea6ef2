// Random sequences of changes, joins and leaves by hand, faults and restarts: after quiet, every channel holds whom the model says, and at each
// step the rules allow whom it says.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Access } from '../../../src/access/access.ts';
import type { AccessChange, Actor } from '../../../src/access/change.ts';
import { BridgeError } from '../../../src/domain/errors.ts';
import { as, type ChannelId, type ChatId, type UserId, type WorkspaceId } from '../../../src/domain/ids.ts';
import type { PlatformEvent } from '../../../src/domain/events.ts';
import { openHouse, waitFor, type House } from './house.ts';
import { PeoplePlatform } from './people.ts';

const by: Actor = { kind: 'program', source: 'program' };
const EMAILS = ['ada@acme.com', 'ben@acme.com', 'cy@acme.com', 'dee@acme.com'];
const LABELS = ['VIP', 'Sales'];
const userOf = (email: string): UserId => as<UserId>(`U-${email}`);

/** What should be, said as simply as possible. */
class Model {
  readonly agents = new Map<string, { role: 'admin' | 'member'; status: 'invited' | 'active' | 'deactivated' }>();
  readonly direct = new Set<string>();
  readonly granted = new Set<string>();
  readonly labelled = new Set<string>();
  readonly left = new Set<string>();
  readonly present = new Set<string>();

  sees(email: string, chat: number): boolean {
    const agent = this.agents.get(email);
    if (agent?.status !== 'active') return false;
    if (agent.role === 'admin' || this.direct.has(`${email} ${chat}`)) return true;
    return LABELS.some((label) => this.granted.has(`${email} ${label}`) && this.labelled.has(`${label} ${chat}`));
  }

  members(chat: number): UserId[] {
    return EMAILS.filter(
      (email) => this.present.has(email) && this.sees(email, chat) && !this.left.has(`${email} ${chat}`),
    ).map(userOf);
  }

  get admins(): string[] {
    return [...this.agents].flatMap(([email, { role, status }]) =>
      role === 'admin' && status === 'active' ? [email] : [],
    );
  }
}

/** The real thing: two Chats with a channel each, in a Workspace that fails now and then and tells its events one by one. */
class World {
  readonly house: House;
  readonly platform: PeoplePlatform;
  readonly workspaceId: WorkspaceId;
  readonly chats: readonly ChatId[];
  readonly channels: readonly ChannelId[];
  access: Access;
  #told: Promise<void> = Promise.resolve();

  constructor(
    house: House,
    platform: PeoplePlatform,
    workspaceId: WorkspaceId,
    chats: readonly ChatId[],
    channels: readonly ChannelId[],
  ) {
    this.house = house;
    this.platform = platform;
    this.workspaceId = workspaceId;
    this.chats = chats;
    this.channels = channels;
    this.access = house.access;
    this.access.start();
    platform.onEvent = (event) => this.tell(event);
  }

  /** As the durable inbox does: in order, again until it worked. */
  tell(event: PlatformEvent): void {
    if (event.kind !== 'joined' && event.kind !== 'left' && event.kind !== 'userChanged') return;
    this.#told = this.#told.then(async () => {
      for (let isTold = false; !isTold;) {
        isTold = await this.access.handle(this.workspaceId, event).then(
          () => true,
          (error: unknown) => {
            if (error instanceof BridgeError) return false;
            throw error;
          },
        );
      }
    });
  }

  /** Resolves when everything told so far was heard. */
  async heard(): Promise<void> {
    for (let last; last !== this.#told;) {
      last = this.#told;
      await last;
    }
  }

  async restart(): Promise<void> {
    await this.access.stop();
    this.access = new Access(this.house.parts);
    this.access.start();
  }

  async close(): Promise<void> {
    await this.access.stop();
    await this.heard();
    await this.house.close();
  }
}

class Step implements fc.AsyncCommand<Model, World> {
  readonly name: string;
  readonly act: (model: Model, world: World) => Promise<void>;

  constructor(name: string, act: (model: Model, world: World) => Promise<void>) {
    this.name = name;
    this.act = act;
  }

  check(): boolean {
    return true;
  }

  async run(model: Model, world: World): Promise<void> {
    await this.act(model, world);
    for (const email of EMAILS) {
      const agent = await world.house.store.read.agents.byEmail(email);
      for (const [chat, chatId] of world.chats.entries()) {
        const { allowed } = await world.access.mayReply(agent?.id, chatId);
        if (allowed !== model.sees(email, chat)) throw new Error(`the rules say ${allowed} of ${email} in ${chat}`);
      }
    }
  }

  toString(): string {
    return this.name;
  }
}

const step = (name: string, act: (model: Model, world: World) => Promise<void>) => new Step(name, act);
const change = (world: World, what: AccessChange) => world.access.apply(what, by);
const email = fc.constantFrom(...EMAILS);
const label = fc.constantFrom(...LABELS);
const chat = fc.constantFrom(0, 1);

/** A member who can be granted something. */
const isGrantable = (model: Model, who: string): boolean => {
  const agent = model.agents.get(who);
  return agent?.role === 'member' && agent.status !== 'deactivated';
};

const commands = [
  email.map((who) =>
    step(`invite ${who}`, async (model, world) => {
      await world.access.invite({ emails: who, role: 'member' }, by);
      if (model.agents.has(who)) return;
      model.agents.set(who, { role: 'member', status: model.present.has(who) ? 'active' : 'invited' });
      // Where the Workspace couldn't be asked, the loop asks again.
      if (model.present.has(who)) {
        await waitFor(async () => {
          if ((await world.house.store.read.agents.byEmail(who))?.status !== 'active')
            throw new Error(`${who} isn’t found`);
        });
      }
    }),
  ),
  fc.tuple(email, chat).map(([who, at]) =>
    step(`grant ${who} ${at}`, async (model, world) => {
      await change(world, { kind: 'grant', agents: [who], chats: { chatIds: [world.chats[at] as ChatId] } });
      if (!isGrantable(model, who)) return;
      model.direct.add(`${who} ${at}`);
      model.left.delete(`${who} ${at}`);
    }),
  ),
  fc.tuple(email, chat).map(([who, at]) =>
    step(`revoke ${who} ${at}`, async (model, world) => {
      await change(world, { kind: 'revoke', agents: [who], chats: { chatIds: [world.chats[at] as ChatId] } });
      if (model.agents.get(who)?.role === 'member') model.direct.delete(`${who} ${at}`);
    }),
  ),
  fc.tuple(email, label).map(([who, name]) =>
    step(`grant ${who} ${name}`, async (model, world) => {
      await change(world, { kind: 'grant', agents: [who], labels: [name] });
      if (isGrantable(model, who)) model.granted.add(`${who} ${name}`);
    }),
  ),
  fc.tuple(email, label).map(([who, name]) =>
    step(`revoke ${who} ${name}`, async (model, world) => {
      await change(world, { kind: 'revoke', agents: [who], labels: [name] });
      if (model.agents.get(who)?.role === 'member') model.granted.delete(`${who} ${name}`);
    }),
  ),
  fc.tuple(label, chat, fc.boolean()).map(([name, at, on]) =>
    step(`${on ? 'label' : 'unlabel'} ${name} ${at}`, async (model, world) => {
      const kind = on ? 'label' : 'unlabel';
      await change(world, { kind, chats: { chatIds: [world.chats[at] as ChatId] }, labels: [name] });
      if (on) model.labelled.add(`${name} ${at}`);
      else model.labelled.delete(`${name} ${at}`);
    }),
  ),
  fc.tuple(email, fc.constantFrom('admin' as const, 'member' as const)).map(([who, role]) =>
    step(`role ${who} ${role}`, async (model, world) => {
      await change(world, { kind: 'role', agents: [who], role });
      const agent = model.agents.get(who);
      const isLast = role === 'member' && model.admins.length === 1 && model.admins[0] === who;
      if (agent !== undefined && !isLast) agent.role = role;
    }),
  ),
  fc.tuple(email, fc.boolean()).map(([who, on]) =>
    step(`${on ? 'activate' : 'deactivate'} ${who}`, async (model, world) => {
      await change(world, { kind: on ? 'activate' : 'deactivate', agents: [who] });
      const agent = model.agents.get(who);
      if (agent === undefined) return;
      if (on && agent.status === 'deactivated') agent.status = 'active';
      if (!on && !(model.admins.length === 1 && model.admins[0] === who)) agent.status = 'deactivated';
    }),
  ),
  fc.tuple(email, fc.boolean()).map(([who, on]) =>
    step(`${who} ${on ? 'comes to' : 'goes from'} the workspace`, async (model, world) => {
      if (on) model.present.add(who);
      else model.present.delete(who);
      world.tell(world.platform.change(userOf(who), { active: on }));
      await world.heard();
      const agent = model.agents.get(who);
      if (on && agent?.status === 'invited') agent.status = 'active';
    }),
  ),
  fc.tuple(email, chat).map(([who, at]) =>
    step(`${who} joins ${at} by hand`, async (model, world) => {
      if (!model.present.has(who)) return;
      world.platform.join(world.channels[at] as ChannelId, userOf(who));
      await world.heard();
      if (model.sees(who, at)) model.left.delete(`${who} ${at}`);
    }),
  ),
  fc.tuple(email, chat).map(([who, at]) =>
    step(`${who} leaves ${at} by hand`, async (model, world) => {
      const channel = world.channels[at] as ChannelId;
      if (!world.platform.members(channel).includes(userOf(who))) return;
      world.platform.leave(channel, userOf(who));
      await world.heard();
      if (model.sees(who, at)) model.left.add(`${who} ${at}`);
    }),
  ),
  fc.integer({ min: 2, max: 5 }).map((every) =>
    step(`every ${every}th call fails`, async (_model, world) => {
      let count = 0;
      world.platform.fault = () => {
        count += 1;
        if (count % every !== 0) return undefined;
        return new BridgeError('throttled', 'later', {
          sentence: 'Later.',
          retry: 'later',
          certain: true,
          retryAfterMs: 30,
        });
      };
    }),
  ),
  fc.constant(step('restart', (_model, world) => world.restart())),
  fc.constant(step('quiet', (_model, world) => world.house.quiet())),
];

async function build(): Promise<{ model: Model; real: World }> {
  const house = await openHouse();
  const platform = new PeoplePlatform();
  const workspaceId = await house.workspace(platform);
  const model = new Model();
  for (const who of EMAILS) {
    platform.add(userOf(who), who);
    model.present.add(who);
  }
  await house.agent('ada@acme.com', 'admin');
  model.agents.set('ada@acme.com', { role: 'admin', status: 'active' });
  for (const name of LABELS) await house.access.createLabel({ name }, by);
  const chats = [await house.chat('One'), await house.chat('Two')];
  const channels: ChannelId[] = [];
  for (const chatId of chats) channels.push((await house.mirror(chatId, workspaceId)).channelId);
  return { model, real: new World(house, platform, workspaceId, chats, channels) };
}

test('whatever happens, after quiet every channel holds exactly whom the rules want, less those who left by hand', async () => {
  await fc.assert(
    fc.asyncProperty(fc.commands(commands, { maxCommands: 40, size: 'max' }), async (sequence) => {
      const { model, real } = await build();
      try {
        await fc.asyncModelRun(() => ({ model, real }), sequence);
        real.platform.fault = () => undefined;
        await real.heard();
        await real.house.quiet();
        await waitFor(() => {
          for (const [at, channel] of real.channels.entries()) {
            expect(real.platform.members(channel)).toEqual(model.members(at).sort());
          }
        });
      } finally {
        await real.close();
      }
    }),
    {
      numRuns: Number(process.env['MODEL_RUNS'] ?? 6),
      ...(process.env['MODEL_SEED'] ? { seed: Number(process.env['MODEL_SEED']) } : {}),
    },
  );
}, 300_000);
