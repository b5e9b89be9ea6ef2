// The estate with its people and its two Chats, as the steps of the model-based test see it.
import type { ChatId } from '../../src/domain/ids.ts';
import { until, type Estate, type Inbox, type Place } from './access-estate.ts';
import { endTroubles } from './access-troubles.ts';
import { PEOPLE, type ChatNumber, type Who } from './access-model.ts';

/** Longer than anything rests that couldn't be put right. */
const REST_MS = 11 * 60_000;
const PATIENCE_MS = 6_000;

export class World {
  readonly estate: Estate;
  readonly inboxes: readonly Inbox[];
  /** The users of each person, by place. */
  readonly users: Readonly<Record<Place, ReadonlyMap<Who, string>>>;
  readonly trail: string[] = [];
  isAway = false;
  replyCount = 0;

  constructor(estate: Estate, inboxes: readonly Inbox[], users: World['users']) {
    this.estate = estate;
    this.inboxes = inboxes;
    this.users = users;
  }

  inbox(chat: ChatNumber): Inbox {
    const inbox = this.inboxes[chat];
    if (inbox === undefined) throw new Error(`there is no chat ${chat}`);
    return inbox;
  }

  chatId(chat: ChatNumber): ChatId {
    return this.inbox(chat).chatId;
  }

  /** The people, not the bot nor Discord's owner, who can read the channel now. */
  readers(place: Place, chat: ChatNumber): Who[] {
    const { channel } = this.inbox(chat)[place];
    const { slack, discord } = this.estate;
    const ids = place === 'slack' ? [...slack.channel(channel).members] : discord.readers(discord.channel(channel));
    return PEOPLE.filter((who) => ids.includes(this.users[place].get(who) ?? ''));
  }

  /** True once no channel waits to be put right; false when some go on waiting, for a person or for a platform. */
  async inStep(): Promise<boolean> {
    const isInStep = async () =>
      (await this.estate.store.query('select 1 from mirror where stale_at is not null limit 1', [])).length === 0;
    return until(isInStep, 'every channel to be looked at', PATIENCE_MS).then(
      () => true,
      () => false,
    );
  }

  /** Everything works again, and what rested because it didn't is looked at. */
  async peace(): Promise<void> {
    endTroubles(this.estate);
    await this.connect();
    await this.estate.heard();
    this.estate.clock.jump(REST_MS);
  }

  async connect(): Promise<void> {
    if (!this.isAway) return;
    this.isAway = false;
    await this.estate.numberBack();
  }
}
