// Conversations that restart tests play while the program dies: each covers some steps of both roads.
import { expect } from 'vitest';
import type { Phone } from '../../simulators/whatsapp/index.ts';
import type { Scenario, Stage } from './crash.ts';
import { channelOf, channelWith, count, fileIn, postWith, texts } from './desk.ts';

/** The program starts many times meanwhile. */
const LONG_MS = 300_000;

/** A new customer for each run, so that the first contact and the opening of a channel are part of it. */
function customer({ town }: Stage, run: string, name: string): Phone {
  const digits = String(10_000_000 + town.whatsapp.phones.length);
  return town.whatsapp.createPhone({ number: `49160${digits}`, name: `${name}${run}` });
}

function find({ town }: Stage, name: string): Phone {
  const phone = town.whatsapp.phones.find((each) => each.name === name);
  if (phone === undefined) throw new Error(`nobody is called ${name}`);
  return phone;
}

const lines = ({ town }: Stage, name: string, email: string) => count(channelOf(town.desk, name), `${email} · ✓✓`);

const hasLines = (stage: Stage, name: string, number: number) =>
  stage.town.until(() => lines(stage, name, stage.ana.email) === number, `${number} lines under replies`, LONG_MS);

/** What a phone shows that others wrote, in order. */
const readBy = (phone: Phone) => phone.inbox.filter(({ fromMe }) => !fromMe);

/** The channel's posts with one of these words, in order; the word of each. */
const wordsIn = ({ town }: Stage, name: string, pattern: RegExp) =>
  texts(channelOf(town.desk, name)).flatMap((text) => pattern.exec(text)?.[0] ?? []);

const hasOneChannel = ({ town }: Stage, name: string) =>
  expect(town.desk.channels().filter((channel) => channel.name.startsWith(`wa-${name.toLowerCase()}`))).toHaveLength(1);

/** First contact, three messages in a row, a reply with its line, an edit by the customer, a reaction each way. */
const directChat: Scenario = {
  name: 'a direct chat',
  async play(stage, run) {
    const { town, office, ana } = stage;
    const mia = customer(stage, run, 'Mia');
    const first = await mia.sendText(office, `one ${run}`);
    await mia.sendText(office, `two ${run}`);
    await mia.sendText(office, `three ${run}`);
    const root = await postWith(town, mia.name, `one ${run}`, town.desk, LONG_MS);
    await postWith(town, mia.name, `three ${run}`, town.desk, LONG_MS);
    const channel = await channelWith(town, mia.name, [ana], town.desk, LONG_MS);
    await ana.say(channel, `answer ${run}`, { replyTo: root });
    await mia.received((message) => message.text === `answer ${run}`, LONG_MS);
    await hasLines(stage, mia.name, 1);
    await mia.edit(office, first, `one, edited ${run}`);
    await town.until(() => channel.post(root.id)?.text.includes(`one, edited ${run}`), 'the edit', LONG_MS);
    await mia.react(office, first, '👍');
    await town.until(() => (channel.post(root.id)?.reactions.length ?? 0) > 0, 'the reaction', LONG_MS);
    await ana.react(channel, root.id, '❤️');
    await town.until(
      () => mia.inbox.some((message) => message.id === first && [...message.reactions.values()].includes('❤️')),
      'the reaction of the number',
      LONG_MS,
    );
  },
  check(stage, run) {
    const name = `Mia${run}`;
    expect(wordsIn(stage, name, /one|two|three|answer/)).toEqual(['one', 'two', 'three', 'answer']);
    expect(lines(stage, name, stage.ana.email)).toBe(1);
    expect(count(channelOf(stage.town.desk, name), stage.ana.email)).toBe(1);
    expect(readBy(find(stage, name)).map(({ text }) => text)).toEqual([`answer ${run}`]);
    hasOneChannel(stage, name);
  },
};

/** A picture from the customer and a file from the agent, bytes intact. */
const files: Scenario = {
  name: 'files both ways',
  async play(stage, run) {
    const { town, office, ana } = stage;
    const leo = customer(stage, run, 'Leo');
    await leo.sendMedia(office, 'document', Buffer.from(`from the customer ${run}`), {
      mimetype: 'application/pdf',
      fileName: `order-${run}.pdf`,
    });
    const isOrder = (file: { readonly name: string }) => file.name === `order-${run}.pdf`;
    const { post: root } = await fileIn(town, leo.name, isOrder, town.desk, LONG_MS);
    const channel = await channelWith(town, leo.name, [ana], town.desk, LONG_MS);
    await ana.say(channel, `here ${run}`, {
      replyTo: root,
      files: [{ name: `offer-${run}.pdf`, bytes: Buffer.from(`from the agent ${run}`), mimetype: 'application/pdf' }],
    });
    await leo.received((message) => message.text === `here ${run}`, LONG_MS);
    await hasLines(stage, leo.name, 1);
  },
  check(stage, run) {
    const name = `Leo${run}`;
    const channel = channelOf(stage.town.desk, name);
    const shared = (channel?.posts ?? []).flatMap((post) => (post.isPersons ? [] : post.files));
    expect(shared.map((file) => file.bytes.toString())).toEqual([`from the customer ${run}`]);
    const leo = find(stage, name);
    expect(readBy(leo).map((message) => leo.downloadMedia(message).toString())).toEqual([`from the agent ${run}`]);
    expect(count(channel, stage.ana.email)).toBe(1);
    hasOneChannel(stage, name);
  },
};

/** Two who talk in a group that the number is in, and an answer to the first of them. */
const group: Scenario = {
  name: 'a group',
  async play(stage, run) {
    const { town, office, ana } = stage;
    const gina = customer(stage, run, 'Gina');
    const hugo = customer(stage, run, 'Hugo');
    const club = town.whatsapp.createGroup(gina, `Club${run}`, [office, hugo]);
    await gina.sendText(club, `first ${run}`);
    await hugo.sendText(club, `second ${run}`);
    const root = await postWith(town, `club${run}`, `first ${run}`, town.desk, LONG_MS);
    await postWith(town, `club${run}`, `second ${run}`, town.desk, LONG_MS);
    const channel = await channelWith(town, `club${run}`, [ana], town.desk, LONG_MS);
    await ana.say(channel, `to both ${run}`, { replyTo: root });
    for (const phone of [gina, hugo]) await phone.received(({ text }) => text === `to both ${run}`, LONG_MS);
    await hasLines(stage, `club${run}`, 1);
    await hugo.sendText(club, `third ${run}`);
    await postWith(town, `club${run}`, `third ${run}`, town.desk, LONG_MS);
  },
  check(stage, run) {
    const name = `club${run}`;
    expect(wordsIn(stage, name, /first|second|third|to both/)).toEqual(['first', 'second', 'to both', 'third']);
    expect(lines(stage, name, stage.ana.email)).toBe(1);
    const seen = (phone: Phone) => readBy(phone).map(({ text }) => text);
    expect(seen(find(stage, `Gina${run}`))).toEqual([`second ${run}`, `to both ${run}`, `third ${run}`]);
    expect(seen(find(stage, `Hugo${run}`))).toEqual([`first ${run}`, `to both ${run}`]);
    hasOneChannel(stage, name);
  },
};

/** A reply that is changed, one that is taken back, and a customer who quotes and takes back. */
const secondThoughts: Scenario = {
  name: 'second thoughts',
  async play(stage, run) {
    const { town, office, ana } = stage;
    const edith = customer(stage, run, 'Edith');
    const first = await edith.sendText(office, `when ${run}`);
    const root = await postWith(town, edith.name, `when ${run}`, town.desk, LONG_MS);
    const channel = await channelWith(town, edith.name, [ana], town.desk, LONG_MS);
    const reply = await ana.say(channel, `at five ${run}`, { replyTo: root });
    await edith.received(({ text }) => text === `at five ${run}`, LONG_MS);
    await ana.edit(channel, reply, `at six ${run}`);
    await edith.received(({ text }) => text === `at six ${run}`, LONG_MS);
    const wrong = await ana.say(channel, `wrong chat ${run}`, { replyTo: root });
    await edith.received(({ text }) => text === `wrong chat ${run}`, LONG_MS);
    await ana.remove(channel, wrong);
    await edith.received((message) => message.isRevoked, LONG_MS);
    await edith.sendText(office, `this one ${run}`, { quote: first });
    await postWith(town, edith.name, `this one ${run}`, town.desk, LONG_MS);
    const last = await edith.sendText(office, `never mind ${run}`);
    const mind = await postWith(town, edith.name, `never mind ${run}`, town.desk, LONG_MS);
    await edith.revoke(office, last);
    await town.until(() => channel.post(mind.id)?.text.includes('deleted'), 'the deletion', LONG_MS);
  },
  check(stage, run) {
    const name = `Edith${run}`;
    const edith = find(stage, name);
    expect(readBy(edith).map(({ text, isRevoked, editedFrom }) => [isRevoked ? '' : text, editedFrom])).toEqual([
      [`at six ${run}`, [`at five ${run}`]],
      ['', []],
    ]);
    const shown = (channelOf(stage.town.desk, name)?.posts ?? []).filter((post) => post.author?.startsWith(name));
    expect(shown.flatMap(({ text }) => /when|this one|deleted/.exec(text)?.[0] ?? [])).toEqual([
      'when',
      'this one',
      'deleted',
    ]);
    hasOneChannel(stage, name);
  },
};

/** A number that an admin links, beginning again whenever the program didn't stay, and a first message to it. */
const linking: Scenario = {
  name: 'linking a number',
  async play(stage, run) {
    const { town } = stage;
    const shop = customer(stage, run, 'Shop');
    const scanned = new Set<string>();
    await town.until(() => linkStep(stage, shop, scanned).catch(() => undefined), 'the number to be linked', LONG_MS);
    const nina = customer(stage, run, 'Nina');
    await nina.sendText(shop, `to the shop ${run}`);
    await postWith(town, nina.name, `to the shop ${run}`, town.desk, LONG_MS);
    await nina.sendText(shop, `and again ${run}`);
    await postWith(town, nina.name, `and again ${run}`, town.desk, LONG_MS);
  },
  async check(stage, run) {
    // The program may die here as well: it's asked until it is there and says so.
    const states = async () => (await accountsNamed(stage, `Shop${run}`)).map(({ state }) => state).join();
    const isLinkedOnce = async () => (await states().catch(() => '')) === 'connected';
    await stage.town.until(isLinkedOnce, 'one number of that name, connected', LONG_MS);
    expect(wordsIn(stage, `Nina${run}`, /to the shop|and again/)).toEqual(['to the shop', 'and again']);
    hasOneChannel(stage, `Nina${run}`);
  },
};

interface ShownAccount {
  readonly id: string;
  readonly name: string;
  readonly state: string;
}

async function accountsNamed({ town }: Stage, name: string): Promise<readonly ShownAccount[]> {
  const { body } = await town.api('GET', '/api/v1/accounts');
  return (body['items'] as ShownAccount[]).filter((account) => account.name === name);
}

/** What the admin does next, by what the program shows. True once the number is connected; rejects while nobody answers. */
async function linkStep(stage: Stage, phone: Phone, scanned: Set<string>): Promise<boolean> {
  const { town } = stage;
  const [account] = await accountsNamed(stage, phone.name);
  if (account === undefined) {
    await town.api('POST', '/api/v1/accounts', { name: phone.name });
    return false;
  }
  if (account.state === 'connected') return true;
  const { body } = await town.api('GET', `/api/v1/accounts/${account.id}/link`);
  if (body['step'] === 'qr' && !scanned.has(String(body['qr']))) {
    scanned.add(String(body['qr']));
    await phone.scanQr(String(body['qr']));
  } else if (account.state === 'unlinked' || account.state === 'logged_out') {
    await town.api('POST', `/api/v1/accounts/${account.id}/link`, { method: 'qr' });
  }
  return false;
}

export const conversations: readonly Scenario[] = [directChat, files, group, secondThoughts, linking];
