// What tests of replies stand on: a town with two agents, customers with channels, and the lines under what agents say.
import { afterAll, beforeAll } from 'vitest';
import type { Phone, ReceivedMessage } from '../../simulators/whatsapp/index.ts';
import { channelWith, PATIENCE_MS, postWith } from './desk.ts';
import { Town } from './town.ts';
import type { PlatformName, TownChannel, TownPerson, TownPost } from './workspace.ts';

/** A customer's chat with its channel. */
export interface Chat {
  readonly phone: Phone;
  readonly channel: TownChannel;
  /** The customer's first message, as posted, and its id on the phone. */
  readonly root: TownPost;
  readonly id: string;
}

/** Starts the town before the tests of a file and ends it after them; nothing of it may be used before. */
export class ReplyStage {
  town!: Town;
  office!: Phone;
  ana!: TownPerson;
  ben!: TownPerson;
  accountId = '';
  #customers = 0;

  /** `begin` starts the program otherwise than the town does. */
  constructor(platform: PlatformName, begin: (town: Town) => Promise<unknown> = (town) => town.start()) {
    beforeAll(async () => {
      this.town = await Town.build({ workspaces: [platform] });
      this.office = this.town.whatsapp.createPhone({ number: '4915110000001', name: 'Acme' });
      this.ana = this.town.desk.addPerson('Ana', 'ana@acme.test');
      this.ben = this.town.desk.addPerson('Ben', 'ben@acme.test');
      await begin(this.town);
      this.accountId = await this.town.link(this.office);
    });
    afterAll(() => this.town.close());
  }

  customer(name: string): Phone {
    this.#customers += 1;
    return this.town.whatsapp.createPhone({ number: `49160${10_000_000 + this.#customers}`, name });
  }

  /** A customer who said something, in a channel with both agents in it. */
  async chat(name: string, text = 'hello'): Promise<Chat> {
    const phone = this.customer(name);
    const id = await phone.sendText(this.office, text);
    const root = await postWith(this.town, name, text);
    const channel = await channelWith(this.town, name, [this.ana, this.ben]);
    return { phone, channel, root, id };
  }

  /** Waits for a line under the replies of a chat. */
  async line({ channel, root }: Chat, text: string): Promise<unknown> {
    return this.town.until(
      () => lines(channel, root).some((each) => each.includes(text)),
      `the line “${text}”`,
      PATIENCE_MS,
    );
  }
}

/** What a customer got with this text. */
export const got = (phone: Phone, text: string): Promise<ReceivedMessage> =>
  phone.received((message) => !message.fromMe && message.text === text, PATIENCE_MS);

/** The lines under the replies to a post, as they read now. */
export const lines = (channel: TownChannel, root: TownPost): readonly string[] =>
  channel
    .under(root.id)
    .filter((post) => !post.isPersons && post.text.includes('@acme.test ·'))
    .map(({ text }) => text);
