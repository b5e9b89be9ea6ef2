// The steps of the model-based test of access: each does one thing to the estate, and says in the model what it means.
import fc from 'fast-check';
import type { AccessChange, Actor } from '../../src/access/change.ts';
import { as, type UserId } from '../../src/domain/ids.ts';
import { PLACES, until, type Place } from './access-estate.ts';
import { HANGS, endTroubles, TROUBLES } from './access-troubles.ts';
import {
  CHATS,
  emailOf,
  LABELS,
  PEOPLE,
  type ChatNumber,
  type LabelName,
  type Model,
  type Who,
} from './access-model.ts';
import type { World } from './access-world.ts';

export const BY: Actor = { kind: 'program', source: 'program' };
const HOUR_MS = 60 * 60_000;
/** Generous: the machine may be busy. */
const FOLLOW_MS = Number(process.env['PATIENCE_MS'] ?? 30_000);

class Step implements fc.AsyncCommand<Model, World> {
  readonly #name: string;
  readonly #act: (model: Model, world: World) => Promise<void>;

  constructor(name: string, act: (model: Model, world: World) => Promise<void>) {
    this.#name = name;
    this.#act = act;
  }

  check(): boolean {
    return true;
  }

  async run(model: Model, world: World): Promise<void> {
    world.trail.push(this.#name);
    await this.#act(model, world);
    model.stepped(this.#name);
    for (const who of PEOPLE) {
      const agent = await world.estate.store.read.agents.byEmail(emailOf(who));
      for (const chat of CHATS) {
        const { allowed } = await world.estate.access.mayReply(agent?.id, world.chatId(chat));
        if (allowed !== model.sees(who, chat)) throw new Error(`the rules say ${allowed} of ${who} in ${chat}`);
      }
    }
  }

  toString(): string {
    return this.#name;
  }
}

const picked = (people: readonly Who[], pick: number): Who | undefined => people[pick % people.length];
const step = (name: string, act: (model: Model, world: World) => Promise<void>) => new Step(name, act);
const change = (world: World, what: AccessChange) => world.estate.access.apply(what, BY);
const person = fc.constantFrom(...PEOPLE);
const invitee = fc.constantFrom<Who>('ada', 'ben', 'cy', 'gus');
const chatNumber = fc.constantFrom(...CHATS);
const labelName = fc.constantFrom(...LABELS);
const place = fc.constantFrom(...PLACES);

const inviteStep = (who: Who, isAdmin: boolean) =>
  step(`invite ${who}${isAdmin ? ' as an admin' : ''}`, async (model, world) => {
    const role = isAdmin ? 'admin' : 'member';
    await world.estate.access.invite({ emails: emailOf(who), role }, BY);
    if (model.agents.has(who)) return;
    const isFound = who !== 'gus' && model.present.has(`slack ${who}`);
    model.agents.set(who, { role, status: isFound ? 'active' : 'invited' });
    // Where the workspace couldn't be asked, the loop asks again.
    if (isFound) {
      const isActive = async () => (await world.estate.store.read.agents.byEmail(emailOf(who)))?.status === 'active';
      await until(isActive, `${who} to be found`);
    }
  });

const invite = fc.tuple(invitee, fc.boolean()).map((args) => inviteStep(...args));

const grantChatStep = (who: Who, chat: ChatNumber, ends: boolean) =>
  step(`grant ${who} ${chat}${ends ? ' for an hour' : ''}`, async (model, world) => {
    const endsAt = new Date(world.estate.clock.now().getTime() + HOUR_MS);
    const chats = { chatIds: [world.chatId(chat)] };
    await change(world, { kind: 'grant', agents: [emailOf(who)], chats, until: ends ? endsAt : null });
    if (!model.isGrantable(who)) return;
    model.direct.set(`${who} ${chat}`, ends ? endsAt.getTime() : Number.POSITIVE_INFINITY);
    for (const at of PLACES) if (model.isKnown(at, who)) model.left.delete(`${at} ${who} ${chat}`);
  });

const grantChat = fc.tuple(invitee, chatNumber, fc.boolean()).map((args) => grantChatStep(...args));

const revokeChatStep = (who: Who, chat: ChatNumber) =>
  step(`revoke ${who} ${chat}`, async (model, world) => {
    await change(world, { kind: 'revoke', agents: [emailOf(who)], chats: { chatIds: [world.chatId(chat)] } });
    if (model.agents.get(who)?.role === 'member') model.direct.delete(`${who} ${chat}`);
  });

const revokeChat = fc.tuple(invitee, chatNumber).map((args) => revokeChatStep(...args));

const grantLabelStep = (who: Who, label: LabelName, ends: boolean) =>
  step(`grant ${who} ${label}${ends ? ' for an hour' : ''}`, async (model, world) => {
    const endsAt = new Date(world.estate.clock.now().getTime() + HOUR_MS);
    await change(world, { kind: 'grant', agents: [emailOf(who)], labels: [label], until: ends ? endsAt : null });
    if (model.isGrantable(who))
      model.granted.set(`${who} ${label}`, ends ? endsAt.getTime() : Number.POSITIVE_INFINITY);
  });

const grantLabel = fc.tuple(invitee, labelName, fc.boolean()).map((args) => grantLabelStep(...args));

const revokeLabel = fc.tuple(invitee, labelName).map(([who, label]) =>
  step(`revoke ${who} ${label}`, async (model, world) => {
    await change(world, { kind: 'revoke', agents: [emailOf(who)], labels: [label] });
    if (model.agents.get(who)?.role === 'member') model.granted.delete(`${who} ${label}`);
  }),
);

const putLabelStep = (label: LabelName, chat: ChatNumber, on: boolean) =>
  step(`${on ? 'label' : 'unlabel'} ${label} ${chat}`, async (model, world) => {
    const kind = on ? 'label' : 'unlabel';
    await change(world, { kind, chats: { chatIds: [world.chatId(chat)] }, labels: [label] });
    if (on) model.labelled.add(`${label} ${chat}`);
    else model.labelled.delete(`${label} ${chat}`);
  });

const putLabel = fc.tuple(labelName, chatNumber, fc.boolean()).map((args) => putLabelStep(...args));

const role = fc.tuple(invitee, fc.constantFrom('admin' as const, 'member' as const)).map(([who, to]) =>
  step(`role ${who} ${to}`, async (model, world) => {
    await change(world, { kind: 'role', agents: [emailOf(who)], role: to });
    const agent = model.agents.get(who);
    const isLast = to === 'member' && model.admins.length === 1 && model.admins[0] === who;
    if (agent !== undefined && !isLast) agent.role = to;
  }),
);

const activityStep = (who: Who, on: boolean) =>
  step(`${on ? 'activate' : 'deactivate'} ${who}`, async (model, world) => {
    await change(world, { kind: on ? 'activate' : 'deactivate', agents: [emailOf(who)] });
    const agent = model.agents.get(who);
    if (agent === undefined) return;
    if (on && agent.status === 'deactivated') agent.status = 'active';
    if (!on && !(model.admins.length === 1 && model.admins[0] === who)) agent.status = 'deactivated';
  });

const activity = fc.tuple(invitee, fc.boolean()).map((args) => activityStep(...args));

const linkStep = (who: Who) =>
  step(`link ${who} in Discord`, async (model, world) => {
    const { access, workspaces } = world.estate;
    const userId = as<UserId>(world.users.discord.get(who) ?? '');
    await access.link({ workspaceId: workspaces.discord, userId, email: emailOf(who), how: 'admin' }, BY);
    const agent = model.agents.get(who);
    // An admin's word makes nobody a member of a server that they aren't in.
    if (!model.present.has(`discord ${who}`)) return;
    if (agent === undefined || agent.status === 'deactivated') return;
    model.linked.add(who);
    if (agent.status === 'invited') agent.status = 'active';
  });

const link = invitee.map(linkStep);

const presence = fc.tuple(place, person, fc.boolean()).map(([at, who, on]) =>
  step(`${who} ${on ? 'comes to' : 'goes from'} ${at}`, async (model, world) => {
    const { slack, discord } = world.estate;
    if (model.present.has(`${at} ${who}`) === on) return;
    if (at === 'slack') slack.change(slack.person(emailOf(who)), { deleted: !on });
    else if (on) await discord.person(emailOf(who)).joinGuild();
    else await discord.person(emailOf(who)).leaveGuild();
    if (on) model.present.add(`${at} ${who}`);
    else model.present.delete(`${at} ${who}`);
    await world.estate.heard();
    const agent = model.agents.get(who);
    if (on && at === 'slack' && who !== 'gus' && agent?.status === 'invited') agent.status = 'active';
  }),
);

/** Lets somebody in by hand: in Slack any member can, in Discord who manages roles. */
async function letIn(model: Model, world: World, at: Place, who: Who, chat: ChatNumber): Promise<boolean> {
  const { slack, discord } = world.estate;
  if (!model.present.has(`${at} ${who}`) || world.readers(at, chat).includes(who)) return false;
  const { channel } = world.inbox(chat)[at];
  const id = world.users[at].get(who) ?? '';
  if (at === 'discord') await discord.owner.invite(channel, { id });
  else {
    const inviter = world.readers('slack', chat).find((one) => one !== 'gus');
    if (inviter === undefined) return false;
    await slack.person(emailOf(inviter)).invite(channel, { id });
  }
  return true;
}

const joinByHand = fc.tuple(place, fc.nat(4), chatNumber, fc.boolean()).map(([at, pick, chat, talks]) =>
  step(`somebody is let into ${at} ${chat} by hand${talks ? ' and replies' : ''}`, async (model, world) => {
    const there = world.readers(at, chat);
    const who = picked(
      PEOPLE.filter((one) => !there.includes(one)),
      pick,
    );
    world.trail.push(`(${who})`);
    if (who === undefined || !(await letIn(model, world, at, who, chat))) return;
    if (talks) await say(model, world, at, who, chat);
    await world.estate.heard();
    if (model.isWanted(at, who, chat)) model.left.delete(`${at} ${who} ${chat}`);
  }),
);

const leaveByHand = fc.tuple(place, fc.nat(4), chatNumber).map(([at, pick, chat]) =>
  step(`somebody leaves ${at} ${chat} by hand`, async (model, world) => {
    const { slack, discord } = world.estate;
    // A leaving in the very moment of our own removing can't be told from it, by nobody.
    if (!(await world.inStep())) return;
    const who = picked(world.readers(at, chat), pick);
    world.trail.push(`(${who})`);
    if (who === undefined) return;
    const { channel } = world.inbox(chat)[at];
    if (at === 'slack') await slack.person(emailOf(who)).leave(channel);
    else await discord.owner.kick(channel, { id: world.users.discord.get(who) ?? '' });
    await world.estate.heard();
    if (model.isWanted(at, who, chat)) model.left.add(`${at} ${who} ${chat}`);
  }),
);

async function say(model: Model, world: World, at: Place, who: Who, chat: ChatNumber): Promise<void> {
  const { slack, discord } = world.estate;
  if (!world.readers(at, chat).includes(who)) return;
  const shown = world.inbox(chat)[at];
  world.replyCount += 1;
  const text = `Reply ${world.replyCount} of ${who} in ${at}`;
  model.say(text, { who, place: at, chat });
  if (at === 'slack') await slack.person(emailOf(who)).say(shown.channel, text, { thread: shown.id });
  else await discord.person(emailOf(who)).say(shown.channel, text, { replyTo: shown.id });
}

const reply = fc.tuple(place, fc.nat(4), chatNumber).map(([at, pick, chat]) =>
  step(`somebody replies in ${at} ${chat}`, async (model, world) => {
    const who = picked(world.readers(at, chat), pick);
    world.trail.push(`(${who})`);
    if (who !== undefined) await say(model, world, at, who, chat);
  }),
);

/** From the commit on nothing more leaves, though the person is still in the channel. */
const revokedAndReplies = fc.tuple(place, fc.nat(4), chatNumber).map(([at, pick, chat]) =>
  step(`somebody loses ${chat} and replies at once in ${at}`, async (model, world) => {
    const who = picked(world.readers(at, chat), pick);
    world.trail.push(`(${who})`);
    if (who === undefined || who === 'eve') return;
    await change(world, { kind: 'revoke', agents: [emailOf(who)], chats: { chatIds: [world.chatId(chat)] } });
    if (model.agents.get(who)?.role === 'member') model.direct.delete(`${who} ${chat}`);
    await say(model, world, at, who, chat);
  }),
);

const rejoin = fc.tuple(invitee, chatNumber).map(([who, chat]) =>
  step(`${who} takes the offer to join ${chat} again`, async (model, world) => {
    const agent = await world.estate.store.read.agents.byEmail(emailOf(who));
    if (agent === undefined) return;
    const { allowed } = await world.estate.access.rejoin(agent.id, world.chatId(chat));
    if (!allowed) return;
    for (const at of PLACES) if (model.isKnown(at, who)) model.left.delete(`${at} ${who} ${chat}`);
  }),
);

const hourStep = () =>
  step('an hour passes', async (_model, world) => {
    await world.estate.heard();
    world.estate.clock.jump(HOUR_MS + 1_000);
  });

const hourPasses = fc.constant(hourStep());

const awayStep = (away: boolean) =>
  step(away ? 'the number loses its connection' : 'the number is back', async (_model, world) => {
    if (!away) return world.connect();
    if (world.isAway) return;
    world.isAway = true;
    await world.estate.numberAway();
  });

const numberAway = fc.boolean().map(awayStep);

const restart = fc.option(fc.tuple(place, person, chatNumber), { nil: undefined }).map((intruder) =>
  step(`restart${intruder === undefined ? '' : `, while ${intruder.join(' ')} is let in`}`, async (model, world) => {
    await world.estate.heard();
    await world.estate.stop();
    let isIn = false;
    if (intruder !== undefined) isIn = await letIn(model, world, ...intruder);
    world.isAway = false;
    await world.estate.start();
    if (!isIn || intruder === undefined) return;
    await world.estate.heard();
    const [at, who, chat] = intruder;
    if (model.isWanted(at, who, chat)) model.left.delete(`${at} ${who} ${chat}`);
  }),
);

const quietStep = () =>
  step('quiet', async (model, world) => {
    await world.peace();
    model.stepped('peace');
    await world.estate.quiet();
    model.stepped('quiet');
    const faults = model.settled(world.estate.received());
    if (faults.length > 0) throw new Error(faults.join('; '));
  });

const quiet = fc.constant(quietStep());

/** Within seconds, and without any time being skipped, the channels hold whom the model says. */
const inStepStep = () =>
  step('the channels follow', async (model, world) => {
    const isSo = () =>
      PLACES.every((at) => CHATS.every((chat) => world.readers(at, chat).join() === model.readers(at, chat).join()));
    await until(isSo, 'the channels to hold whom the model says', FOLLOW_MS);
  });

const letInStep = (at: Place, who: Who, chat: ChatNumber) =>
  step(`${who} is let into ${at} ${chat} by hand`, async (model, world) => {
    if (!(await letIn(model, world, at, who, chat))) throw new Error('nobody could let them in');
    await world.estate.heard();
  });

const replyStep = (at: Place, who: Who, chat: ChatNumber) =>
  step(`${who} replies in ${at} ${chat}`, async (model, world) => {
    await say(model, world, at, who, chat);
    await world.estate.heard();
  });

/** A short life in which every rule has something to do: the one that planted faults are found by. */
export const shortLife = [
  inStepStep(),
  letInStep('slack', 'eve', 0),
  inStepStep(),
  awayStep(true),
  replyStep('slack', 'ben', 0),
  revokeChatStep('ben', 0),
  putLabelStep('VIP', 1, false),
  inStepStep(),
  awayStep(false),
  quietStep(),
  grantChatStep('ben', 1, true),
  inStepStep(),
  hourStep(),
  inStepStep(),
  grantChatStep('cy', 0, false),
  inStepStep(),
  activityStep('cy', false),
  replyStep('slack', 'cy', 0),
  quietStep(),
];

/** What each sequence begins with: two members, one with a Chat and one with a Label, known in both places. */
export const beginning = [
  inviteStep('ben', false),
  inviteStep('cy', false),
  linkStep('ada'),
  linkStep('ben'),
  linkStep('cy'),
  grantChatStep('ben', 0, false),
  grantLabelStep('cy', 'VIP', false),
  putLabelStep('VIP', 1, true),
];

/** Random sequences; `hangs`: also with calls that are never answered. */
export function steps({ hangs }: { readonly hangs: boolean }) {
  const trouble = fc
    .constantFrom(...TROUBLES, ...(hangs ? HANGS : []))
    .map(([name, begin]) => step(name, async (_model, world) => begin(world.estate)));
  const peace = fc.constant(step('all troubles end', async (_model, world) => endTroubles(world.estate)));
  const changes = [
    invite,
    grantChat,
    grantChat,
    revokeChat,
    grantLabel,
    revokeLabel,
    putLabel,
    putLabel,
    role,
    activity,
    link,
    link,
  ];
  const hands = [
    presence,
    joinByHand,
    joinByHand,
    joinByHand,
    revokedAndReplies,
    revokedAndReplies,
    leaveByHand,
    leaveByHand,
    rejoin,
    reply,
    reply,
    reply,
    reply,
  ];
  return [...changes, ...hands, hourPasses, numberAway, restart, quiet, trouble, trouble, peace];
}
