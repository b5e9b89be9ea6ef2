// Conversations that restart tests play while the program dies: each covers some steps of both roads.
import { expect } from 'vitest';
import type { Phone } from '../../simulators/whatsapp/index.ts';
import type { Scenario, Stage } from './crash.ts';
import { channelOf, channelWith, count, fileIn, postWith, texts } from './desk.ts';

/** A new customer for each run, so that the first contact and the opening of a channel are part of it. */
function customer({ town }: Stage, run: string, name: string): Phone {
  const digits = String(10_000_000 + town.whatsapp.phones.length);
  return town.whatsapp.createPhone({ number: `49160${digits}`, name: `${name}${run}` });
}

const find = (stage: Stage, name: string): Phone | undefined =>
  stage.town.whatsapp.phones.find((phone) => phone.name === name);

const line = (stage: Stage, name: string, email: string) => count(channelOf(stage.town.desk, name), `${email} · ✓✓`);

/** First contact, three messages in a row, a reply with its line, an edit by the customer, a reaction each way. */
export const directChat: Scenario = {
  name: 'a direct chat',
  async play(stage, run) {
    const { town, office, ana } = stage;
    const mia = customer(stage, run, 'Mia');
    const first = await mia.sendText(office, `one ${run}`);
    await mia.sendText(office, `two ${run}`);
    await mia.sendText(office, `three ${run}`);
    const root = await postWith(town, mia.name, `one ${run}`);
    await postWith(town, mia.name, `three ${run}`);
    const channel = await channelWith(town, mia.name, [ana]);
    await ana.say(channel, `answer ${run}`, { replyTo: root });
    await mia.received((message) => message.text === `answer ${run}`, 30_000);
    await town.until(() => line(stage, mia.name, ana.email) === 1, 'the line under the reply');
    await mia.edit(office, first, `one, edited ${run}`);
    await town.until(() => channel.post(root.id)?.text.includes(`one, edited ${run}`), 'the edit');
    await mia.react(office, first, '👍');
    await town.until(() => (channel.post(root.id)?.reactions.length ?? 0) > 0, 'the reaction');
  },
  check(stage, run) {
    const name = `Mia${run}`;
    const { desk } = stage.town;
    const words = texts(channelOf(desk, name))
      .map((text) => /(one|two|three|answer)/.exec(text)?.[1])
      .filter((word) => word !== undefined);
    expect(words).toEqual(['one', 'two', 'three', 'answer']);
    expect(line(stage, name, stage.ana.email)).toBe(1);
    expect(count(channelOf(desk, name), stage.ana.email)).toBe(1);
    const mia = find(stage, name)!;
    const answers = mia.inbox.filter((message) => message.text === `answer ${run}`);
    expect(answers).toHaveLength(1);
    expect(desk.channels().filter((channel) => channel.name.startsWith(`wa-${name.toLowerCase()}`))).toHaveLength(1);
  },
};

/** A picture from the customer and a file from the agent, bytes intact. */
export const files: Scenario = {
  name: 'files both ways',
  async play(stage, run) {
    const { town, office, ana } = stage;
    const leo = customer(stage, run, 'Leo');
    await leo.sendMedia(office, 'document', Buffer.from(`from the customer ${run}`), {
      mimetype: 'application/pdf',
      fileName: `order-${run}.pdf`,
    });
    const { post: root } = await fileIn(town, leo.name, (file) => file.name === `order-${run}.pdf`);
    const channel = await channelWith(town, leo.name, [ana]);
    await ana.say(channel, `here ${run}`, {
      replyTo: root,
      files: [{ name: `offer-${run}.pdf`, bytes: Buffer.from(`from the agent ${run}`), mimetype: 'application/pdf' }],
    });
    await leo.received((message) => message.text === `here ${run}`, 30_000);
    await town.until(() => line(stage, leo.name, ana.email) === 1, 'the line under the reply');
  },
  check(stage, run) {
    const channel = channelOf(stage.town.desk, `Leo${run}`);
    const shared = (channel?.posts ?? []).flatMap((post) => (post.isPersons ? [] : post.files));
    expect(shared.map((file) => file.bytes.toString())).toEqual([`from the customer ${run}`]);
    const leo = find(stage, `Leo${run}`)!;
    const got = leo.inbox.filter((message) => message.text === `here ${run}`);
    expect(got.map((message) => leo.downloadMedia(message).toString())).toEqual([`from the agent ${run}`]);
    expect(count(channel, stage.ana.email)).toBe(1);
  },
};

export const conversations: readonly Scenario[] = [directChat, files];
