// Makes a channel hold exactly the people it should: who is in it, who must go, who must come, and what can't be done.
import { WebAPIPlatformError } from '@slack/web-api';
import { z } from 'zod';
import { BridgeError } from '../../domain/errors.ts';
import type { Problem } from '../../domain/events.ts';
import type { ChannelId, UserId } from '../../domain/ids.ts';
import type { ChannelReaders, MembershipReport } from '../platform.ts';
import type { Clock } from '../../runtime/time.ts';
import type { Api } from './api.ts';
import { slackCode } from './errors.ts';
import { userId } from './ids.ts';

/** How many people one invitation may name; source: docs.slack.dev, conversations.invite. */
const INVITED_AT_ONCE = 100;
const PAGE = 200;
/** How long Slack may take to tell of a removal, its retries included, in milliseconds. */
const REMOVAL_TOLD_MS = 10 * 60_000;

/** Why somebody can't be taken out or let in, and what mends it. Errors without an entry are told by their name. */
const KICK_PROBLEMS: Readonly<Record<string, Problem>> = {
  restricted_action: {
    what: 'The Slack workspace lets only admins remove people from private channels, so somebody stays in who should not.',
    fix: 'In Slack: Settings & administration → Workspace settings → Permissions → Channel management → “People who can remove members from private channels” → Everyone, except guests. Until then, remove the person by hand.',
  },
  user_is_restricted: {
    what: 'Slack does not let the bot remove this person.',
    fix: 'Remove the person from the channel by hand; workspace owners and admins may be able to.',
  },
};
const INVITE_PROBLEMS: Readonly<Record<string, Problem>> = {
  restricted_action: {
    what: 'The Slack workspace lets only admins add people to private channels.',
    fix: 'In Slack: Settings & administration → Workspace settings → Permissions → Channel management: let everyone add people to private channels.',
  },
  ura_max_channels: {
    what: 'This person is a single-channel guest and already in another channel.',
    fix: 'Make the person a full member of the workspace, or take the access away.',
  },
  user_is_ultra_restricted: {
    what: 'This person is a single-channel guest and can’t be added.',
    fix: 'Make the person a full member of the workspace, or take the access away.',
  },
  user_is_restricted: {
    what: 'This person is a guest and can’t be added by the bot.',
    fix: 'Make the person a full member of the workspace, or take the access away.',
  },
  user_not_found: {
    what: 'Slack knows this person no more: the account was deactivated or removed.',
    fix: 'Deactivate the agent, or link them to their new Slack account.',
  },
  cant_invite: {
    what: 'Slack does not let this person be added.',
    fix: 'Check that the person is a full, active member of the workspace.',
  },
};

const problemFor = (known: Readonly<Record<string, Problem>>, code: string, doing: string): Problem =>
  known[code] ?? {
    what: `Slack refused to ${doing} this person (${code}).`,
    fix: 'Check the person and the channel in Slack; it will be tried again with the next change.',
  };

const errorsShape = z.object({ errors: z.array(z.object({ user: z.string().optional(), error: z.string() })) });

interface Work {
  readonly api: Api;
  readonly channel: ChannelId;
  readonly present: Set<UserId>;
  readonly added: UserId[];
  readonly removed: UserId[];
  readonly problems: (Problem & { readonly user?: UserId })[];
  unfinished: boolean;
  retryAfterMs: number | undefined;
  /** Somebody is taken out by us, or is not (any more). */
  note(user: UserId, isRemoved: boolean): void;
}

/** Who is in a channel, the bot included. */
export async function membersOf(api: Api, channel: string): Promise<UserId[]> {
  const members: UserId[] = [];
  for (let cursor = ''; ;) {
    const page = await api.read('conversations.members', (web) =>
      web.conversations.members({ channel, limit: PAGE, ...(cursor === '' ? {} : { cursor }) }),
    );
    members.push(...(page.members ?? []).map((member) => userId(member)));
    cursor = page.response_metadata?.next_cursor ?? '';
    if (cursor === '') return members;
  }
}

export class Members {
  readonly #api: Api;
  readonly #clock: Clock;
  /** Whom we took out, where and when: Slack tells us that they left, but not that it was us. */
  readonly #removals = new Map<string, number>();

  constructor(api: Api, clock: Clock) {
    this.#api = api;
    this.#clock = clock;
  }

  /** Whether an event tells of somebody we took out ourselves. */
  isOwnRemoval(channel: ChannelId, user: UserId): boolean {
    return this.#removals.has(`${channel} ${user}`);
  }

  /** Somebody is in the channel again, let in by whomever: what they do from now on is theirs. */
  arrived(channel: ChannelId, user: UserId): void {
    this.#removals.delete(`${channel} ${user}`);
  }

  /** See `ChatPlatform.readersOf`. */
  async readersOf(botUserId: string, id: ChannelId): Promise<ChannelReaders | undefined> {
    const { channel } = await this.#api.read('conversations.info', (web) => web.conversations.info({ channel: id }));
    const isOfTeam = channel?.is_im !== true && channel?.is_mpim !== true;
    if (channel?.is_member !== true || channel.is_archived === true || !isOfTeam) return undefined;
    const { name = '', is_private: isPrivate = false } = channel;
    if (!isPrivate) return { name, isPrivate, users: [] };
    const bot = userId(botUserId);
    return { name, isPrivate, users: (await membersOf(this.#api, id)).filter((user) => user !== bot) };
  }

  /** See `ChatPlatform.setUsers`. Rejects only when the channel can't be read, is gone, or our token isn't accepted. */
  async set(
    botUserId: string,
    channel: ChannelId,
    wanted: ReadonlySet<UserId>,
    kept: ReadonlySet<UserId> = new Set(),
  ): Promise<MembershipReport> {
    const bot = userId(botUserId);
    const present = new Set(await membersOf(this.#api, channel));
    present.delete(bot);
    // Of a removal that wasn't answered nothing came: when they leave now, it's by hand.
    for (const user of present) if (wanted.has(user)) this.arrived(channel, user);
    const work: Work = {
      api: this.#api,
      channel,
      present,
      added: [],
      removed: [],
      problems: [],
      unfinished: false,
      retryAfterMs: undefined,
      note: (user, isRemoved) => this.#note(`${channel} ${user}`, isRemoved),
    };
    await removeAll(
      work,
      [...present].filter((user) => !wanted.has(user) && !kept.has(user)),
    );
    await inviteAll(
      work,
      [...wanted].filter((user) => user !== bot && !present.has(user)),
    );
    return {
      added: work.added,
      removed: work.removed,
      present: [...present],
      problems: work.problems,
      unfinished: work.unfinished,
      ...(work.retryAfterMs === undefined ? {} : { retryAfterMs: work.retryAfterMs }),
    };
  }

  #note(key: string, isRemoved: boolean): void {
    const nowMs = this.#clock.monotonicMs();
    for (const [old, atMs] of this.#removals) if (atMs < nowMs - REMOVAL_TOLD_MS) this.#removals.delete(old);
    if (isRemoved) this.#removals.set(key, nowMs);
    else this.#removals.delete(key);
  }
}

/** One at a time: Slack has no way to remove several. */
async function removeAll(work: Work, users: readonly UserId[]): Promise<void> {
  for (const [index, user] of users.entries()) {
    work.note(user, true);
    try {
      await work.api.write('conversations.kick', (web) => web.conversations.kick({ channel: work.channel, user }));
    } catch (error) {
      const code = slackCode(error);
      // Gone meanwhile, by whomever, is what was wanted. (not_in_channel is about the person here, not about us.)
      if (code !== 'not_in_channel') {
        if (isLeftForLater(work, error)) return;
        work.note(user, false);
        const problem = problemFor(KICK_PROBLEMS, code ?? '', 'remove');
        if (code === 'restricted_action') {
          // The setting forbids all of them alike: asking for each would only use up the allowance.
          work.problems.push(...users.slice(index).map((other) => ({ ...problem, user: other })));
          return;
        }
        work.problems.push({ ...problem, user });
        continue;
      }
    }
    work.present.delete(user);
    work.removed.push(user);
  }
}

async function inviteAll(work: Work, users: readonly UserId[]): Promise<void> {
  for (let from = 0; from < users.length; from += INVITED_AT_ONCE) {
    const batch = users.slice(from, from + INVITED_AT_ONCE);
    for (const user of batch) work.note(user, false);
    let refusals: readonly { readonly user?: string; readonly error?: string }[];
    try {
      const answer = await work.api.write('conversations.invite', (web) =>
        web.conversations.invite({ channel: work.channel, users: batch.join(','), force: true }),
      );
      refusals = answer.errors ?? [];
    } catch (error) {
      if (isLeftForLater(work, error)) return;
      refusals = refusalsIn(error, batch);
    }
    for (const user of batch) {
      const code = refusals.find((refusal) => refusal.user === user)?.error;
      if (code === undefined) work.added.push(user);
      if (code === undefined || code === 'already_in_channel') work.present.add(user);
      else work.problems.push({ ...problemFor(INVITE_PROBLEMS, code, 'add'), user });
    }
  }
}

/** When nobody of a batch could be added, Slack refuses the whole and names each. */
function refusalsIn(error: unknown, batch: readonly UserId[]) {
  const cause = error instanceof BridgeError ? error.cause : undefined;
  const data = cause instanceof WebAPIPlatformError ? errorsShape.safeParse(cause.data).data : undefined;
  const each = data?.errors ?? [];
  const common = slackCode(error) ?? 'unknown_error';
  return batch.map((user) => ({ user, error: each.find((one) => one.user === user)?.error ?? common }));
}

/** True when it may go better later; what concerns the whole channel or Workspace is thrown on. */
function isLeftForLater(work: Work, error: unknown): boolean {
  if (!(error instanceof BridgeError)) throw error;
  switch (error.code) {
    case 'throttled':
    case 'unreachable':
      work.unfinished = true;
      work.retryAfterMs = Math.max(work.retryAfterMs ?? 0, error.retryAfterMs ?? 0);
      return true;
    case 'channel_gone':
    case 'unauthorised':
    case 'broken':
      throw error;
    default:
      if (slackCode(error) === 'missing_scope') throw error;
      return false;
  }
}
