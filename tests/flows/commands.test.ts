// Every command, asked in the simulated Slack by an admin, by a member with and without access, and by a stranger.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Channel, Ephemeral, Person } from '../../simulators/slack/index.ts';
import type { Phone } from '../../simulators/whatsapp/index.ts';
import { commandTree } from '../../src/commands/tree.ts';
import { PATIENCE_MS, postWith, shown } from './look.ts';
import { Town } from './town.ts';

let town: Town;
let office: Phone;
let mia: Phone;
let leo: Phone;
let nina: Phone;
/** Ana is an admin; Cleo sees Mia's chat; Dan sees none; Stan is nobody of the team. */
let ana: Person;
let cleo: Person;
let dan: Person;
let stan: Person;
let miaChannel: Channel;
/** A channel that shows no chat; everybody is in it. */
let lobby: Channel;

const words = (answers: readonly Ephemeral[]): string => answers.map((one) => shown(one as never)).join('\n');

/** Gives a command and waits for its answer. */
async function ask(person: Person, channel: Channel, text: string): Promise<string> {
  const result = await person.slashCommand(channel, '/wa', text);
  expect(result.acked).toBe(true);
  await town.until(() => result.answers.length > 0, `an answer to /wa ${text}`, PATIENCE_MS);
  return words(result.answers);
}

/** The private answers to somebody in the lobby: notices about chats stand in the chats' own channels. */
const answersTo = (person: Person): readonly Ephemeral[] => person.privateAnswers(lobby);
const newest = (person: Person): Ephemeral => answersTo(person).at(-1)!;

/** Presses a button of an answer and waits for what comes of it. */
async function press(person: Person, label: string): Promise<string> {
  const answer = newest(person);
  const action = buttonsOf(answer).find((button) => button.label === label)?.action;
  expect(action, `a button ${label} under “${words([answer])}”`).toBeDefined();
  const before = answersTo(person).length;
  await person.click(answer, action!);
  await town.until(() => answersTo(person).length > before, `an answer to ${label}`, PATIENCE_MS);
  return words([newest(person)]);
}

function buttonsOf(answer: Ephemeral): { label: string; action: string }[] {
  return (answer.blocks ?? []).flatMap((block) => {
    if (block['type'] !== 'actions') return [];
    const elements = block['elements'] as { action_id: string; text: { text: string } }[];
    return elements.map(({ action_id: action, text: { text: label } }) => ({ label, action }));
  });
}

beforeAll(async () => {
  town = await Town.build();
  office = town.whatsapp.createPhone({ number: '4915110000001', name: 'Acme' });
  mia = town.whatsapp.createPhone({ number: '4915110000002', name: 'Mia Müller' });
  leo = town.whatsapp.createPhone({ number: '4915110000003', name: 'Leo' });
  nina = town.whatsapp.createPhone({ number: '4915110000004', name: 'Nina' });
  ana = town.person('Ana', 'ana@acme.test');
  town.person('Ben', 'ben@acme.test');
  cleo = town.person('Cleo', 'cleo@acme.test');
  dan = town.person('Dan', 'dan@acme.test');
  stan = town.person('Stan', 'stan@elsewhere.test');
  lobby = await ana.create('lobby');
  for (const person of [cleo, dan, stan]) await person.join(lobby);
  await town.start();
  await town.link(office);
  await mia.sendText(office, 'Hello from Mia');
  await leo.sendText(office, 'Hello from Leo');
  await postWith(town, 'mia', 'Hello from Mia');
  await postWith(town, 'leo', 'Hello from Leo');
  miaChannel = await town.channel('wa-mia');
  await town.until(() => miaChannel.members.has(ana.id), 'Ana in the channel', PATIENCE_MS);
}, 180_000);

afterAll(() => town.close());

describe('an admin', () => {
  test('gets help with everything, and with one command in full', async () => {
    const help = await ask(ana, lobby, 'help');
    for (const { path } of commandTree.entries) expect(help).toContain(`/wa ${path.join(' ')}`);
    expect(await ask(ana, lobby, 'help grant')).toContain('/wa grant ana label:VIP');
    expect(await ask(ana, lobby, '')).toContain('/wa grant');
  });

  test('invites people, each address judged by itself', async () => {
    const said = await ask(ana, lobby, 'invite cleo@acme.test, dan@acme.test nonsense ana@acme.test eve@far.test');
    expect(said).toContain('3 people invited');
    expect(said).toContain('cleo@acme.test is in: found here by email and welcomed.');
    expect(said).toContain('dan@acme.test is in');
    expect(said).toContain('“nonsense” isn’t an email address.');
    expect(said).toContain('ana@acme.test is in the team already.');
    expect(said).toMatch(/eve@far\.test is invited\. Give them this link/);
    await town.until(() => cleo.directMessages().length > 0, 'the welcome', PATIENCE_MS);
  });

  test('invites by a form, which says what is wrong beside the fields', async () => {
    await ana.slashCommand(lobby, '/wa', 'invite');
    const form = await town.until(() => ana.modal, 'the form');
    const faulty = await ana.submitView(form, { emails: ',' });
    expect(faulty.errors?.['emails']).toMatch(/no email/);
    const before = answersTo(ana).length;
    await ana.submitView(form, { emails: 'fay@far.test', role: 'admin' });
    await town.until(() => answersTo(ana).length > before, 'the answer', PATIENCE_MS);
    expect(words([newest(ana)])).toContain('fay@far.test is invited');
  });

  test('makes, lists and renames labels, and puts them on chats', async () => {
    expect(await ask(ana, lobby, 'label create Gold')).toContain('There is a label “Gold” now');
    expect(await ask(ana, lobby, 'label create gold')).toContain('There is a label “Gold” already.');
    expect(await ask(ana, lobby, 'label rename Gold to VIP')).toContain('“Gold” is called “VIP” now');
    expect(await ask(ana, lobby, 'label add VIP chat:Leo')).toContain('“Leo” now carries the label “VIP”.');
    expect(await ask(ana, lobby, 'label add VIPP chat:Leo')).toContain('Did you mean “VIP”?');
    expect(await ask(ana, lobby, 'label list')).toContain('VIP — 1 chat, 0 people');
    expect(await ask(ana, lobby, 'label remove VIP chat:Leo')).toContain('no longer carries the label “VIP”');
    expect(await ask(ana, lobby, 'label')).toContain('goes on with add, remove');
  });

  test('grants the chat of the channel, and the person is let in', async () => {
    expect(await ask(ana, miaChannel, 'grant cleo@acme.test this')).toContain('cleo@acme.test now sees “Mia Müller”.');
    await town.until(() => miaChannel.members.has(cleo.id), 'Cleo in the channel', PATIENCE_MS);
    expect(await ask(ana, lobby, 'grant cleo chat:mia')).toContain('That was granted already');
  });

  test('is told what is wrong with a grant', async () => {
    expect(await ask(ana, lobby, 'grant cleo@acme.test')).toContain('This channel shows no WhatsApp chat');
    expect(await ask(ana, miaChannel, 'grant cloe@acme.test')).toContain('Did you mean “cleo@acme.test”?');
    expect(await ask(ana, miaChannel, 'grant ben@acme.test')).toContain('is an admin and sees every chat anyway');
    expect(await ask(ana, miaChannel, 'grant cleo for 4x')).toContain('“4x” is no length of time');
    expect(await ask(ana, lobby, 'grant cleo chat:"Mia Mülller"')).toContain('Did you mean “Mia Müller”?');
    expect(await ask(ana, lobby, `grant <@${stan.id}> chat:Leo`)).toContain('isn’t in the team yet');
    expect(await ask(ana, lobby, 'grnat cleo')).toContain('Did you mean “grant”?');
    expect(await ask(ana, lobby, 'grant')).toContain('Something is missing: agents');
  });

  test('sees who has access and why, and why somebody has not', async () => {
    const seen = await ask(ana, miaChannel, 'access');
    expect(seen).toContain('ana@acme.test — admin');
    expect(seen).toMatch(/cleo@acme\.test.* — granted by ana@acme\.test on /);
    expect(await ask(ana, lobby, 'explain cleo Mia Müller')).toContain(
      'cleo@acme.test sees “Mia Müller”: granted by ana',
    );
    expect(await ask(ana, lobby, `explain <@${dan.id}> Mia Müller`)).toContain(
      'dan@acme.test doesn’t see “Mia Müller”',
    );
  });

  test('grants by label for a time, and is told whom a revocation leaves in', async () => {
    await ask(ana, lobby, 'label add VIP chat:Leo');
    expect(await ask(ana, lobby, 'grant cleo label:VIP,vip chat:Leo for 7d')).toMatch(/now sees .*“Leo”.*, until /);
    const said = await ask(ana, lobby, 'revoke cleo chat:Leo');
    expect(said).toContain('cleo@acme.test still sees “Leo” through the label VIP.');
    expect(await ask(ana, lobby, 'revoke cleo label:VIP')).toContain('Taken back from cleo@acme.test');
  });

  test('deletes a label after seeing what that takes', async () => {
    await ask(ana, lobby, 'grant dan label:VIP');
    const preview = await ask(ana, lobby, 'label delete VIP');
    expect(preview).toContain('dan@acme.test no longer sees “Leo”.');
    expect(preview).toContain('Nothing is changed yet.');
    expect(await press(ana, 'Delete it')).toContain('The label “VIP” is gone');
    expect(await ask(ana, lobby, 'label list')).toContain('There are no labels yet');
  });

  test('lists the team and changes roles after a preview', async () => {
    expect(await ask(ana, lobby, 'team')).toMatch(/cleo@acme\.test.* — member/);
    expect(await ask(ana, lobby, 'team dan')).toContain('Linked here by their email');
    expect(await press(ana, 'Make admin')).toContain('dan@acme.test will see');
    expect(await press(ana, 'Make admin')).toContain('dan@acme.test is an admin now.');
    await ask(ana, lobby, 'team dan');
    await press(ana, 'Make member');
    expect(await press(ana, 'Make member')).toContain('dan@acme.test is a member now.');
  });

  test('sets the mode of a chat', async () => {
    expect(await ask(ana, lobby, 'mode off Leo')).toContain('“Leo” is read only from now on.');
    expect(await ask(ana, lobby, 'mode quiet Leo')).toContain('mode is one of thread, mention, off and never');
    expect(await ask(ana, lobby, 'mode thread Leo')).toContain('answered by replies');
  });

  test('lists chats and searches in them', async () => {
    const all = await ask(ana, lobby, 'chats');
    expect(all).toContain('Mia Müller');
    expect(all).toContain('#wa-leo');
    expect(await ask(ana, lobby, 'chats leo')).not.toContain('Mia');
    expect(await ask(ana, lobby, 'chats loe')).toContain('Did you mean “Leo”?');
  });

  test('adds a number, pairs it by a code, and removes it', async () => {
    expect(await ask(ana, lobby, 'number list')).toContain('Support — connected');
    expect(await ask(ana, lobby, 'number add Sales')).toContain('“Sales” is added');
    expect(await ask(ana, lobby, 'number pair Sales 0170')).toContain('no phone number with its country’s code');
    expect(await ask(ana, lobby, 'number pair Salse +4915110000009')).toContain('Did you mean “Sales”?');
    const phone = town.whatsapp.createPhone({ number: '4915110000009', name: 'Acme Sales' });
    const code = /code for “Sales”: ([A-Z0-9-]+)/.exec(await ask(ana, lobby, 'number pair Sales +4915110000009'))?.[1];
    await phone.enterPairingCode(code ?? '');
    await town.until(
      async () => (await ask(ana, lobby, 'number list')).includes('Sales — connected'),
      'the number to be connected',
      PATIENCE_MS,
    );
    expect(await ask(ana, lobby, 'number remove Sales')).toContain('Remove “Sales”?');
    expect(await press(ana, 'Remove it')).toContain('“Sales” is unlinked');
  });

  test('keeps quick replies and sends one', async () => {
    await ask(ana, lobby, 'q');
    await ana.click(newest(ana), 'q-form');
    const form = await town.until(() => ana.modal, 'the form');
    await ana.submitView(form, { name: 'Hours', text: 'We are open from 9 to 5.' });
    await town.until(() => words([newest(ana)]).includes('“Hours” is there'), 'the answer', PATIENCE_MS);
    expect(await ask(ana, lobby, 'q hour')).toContain('Did you mean “Hours”?');
    expect(await ask(ana, lobby, 'q hours')).toContain('This channel shows no WhatsApp chat');
    expect(await ask(ana, miaChannel, 'q hours')).toContain('is being sent to Mia Müller');
    await mia.received((message) => message.text === 'We are open from 9 to 5.', PATIENCE_MS);
  });

  test('sees that all was delivered', async () => {
    await town.quiet();
    expect(await ask(ana, lobby, 'deliveries')).toMatch(/Nothing failed[\S\s]*The ledger of the last 7 days/);
  });
});

describe('a member with access', () => {
  test('sees their chats and who else has them', async () => {
    const own = await ask(cleo, lobby, 'chats');
    expect(own).toContain('Mia Müller');
    expect(own).not.toContain('Leo');
    expect(await ask(cleo, miaChannel, 'access')).toContain('cleo@acme.test');
  });

  test('does not learn that there are others', async () => {
    const unseen = await ask(cleo, lobby, 'access Leo');
    expect(unseen).toContain('There is no chat like “Leo” among those you see.');
    expect((await ask(cleo, lobby, 'access Xyzzy')).replace('Xyzzy', 'Leo')).toBe(unseen);
  });

  test('starts a chat and is granted it', async () => {
    const said = await ask(cleo, lobby, 'new +4915110000004 Hello Nina,\nyour order is ready.');
    expect(said).toContain('It is being sent.');
    await nina.received((message) => message.text === 'Hello Nina,\nyour order is ready.', PATIENCE_MS);
    const channel = await town.until(
      () =>
        town.slack
          .channels()
          .find(({ name, members }) => name.startsWith('wa-') && members.has(cleo.id) && name !== miaChannel.name),
      'Cleo in the new channel',
      PATIENCE_MS,
    );
    expect(channel.private).toBe(true);
  });

  test('does not come into an existing chat by its number', async () => {
    expect(await ask(cleo, lobby, 'new +4915110000003 Hi Leo')).toContain('There is a chat with this number already.');
    expect(await ask(cleo, lobby, 'new +4915119999999 Hi')).toContain('Nobody is on WhatsApp with this phone number.');
    await town.quiet();
    expect(leo.inbox.filter(({ text }) => text === 'Hi Leo')).toEqual([]);
  });

  test('who left a channel by hand is offered to join it again', async () => {
    await cleo.leave(miaChannel);
    await town.until(
      async () => {
        const said = await ask(cleo, lobby, 'chats');
        return said.includes('Mia') && buttonsOf(newest(cleo)).some(({ label }) => label === 'Join Mia Müller');
      },
      'the Join button',
      PATIENCE_MS,
    );
    expect(await press(cleo, 'Join Mia Müller')).toContain('You are let into the channel');
    await town.until(() => miaChannel.members.has(cleo.id), 'Cleo in the channel again', PATIENCE_MS);
  });

  test('uses the shortcuts of messages', async () => {
    const root = await postWith(town, 'mia', 'Hello from Mia');
    const replyTs = await cleo.say(miaChannel, 'A reply to take back', { thread: root.ts });
    await mia.received((message) => message.text === 'A reply to take back', PATIENCE_MS);
    const shortcut = async (name: string, ts: string): Promise<string> => {
      const before = cleo.privateAnswers(miaChannel).length;
      await cleo.messageShortcut(name, miaChannel, ts);
      await town.until(() => cleo.privateAnswers(miaChannel).length > before, `an answer to ${name}`, PATIENCE_MS);
      return words(cleo.privateAnswers(miaChannel).slice(before));
    };
    expect(await shortcut('access', root.ts)).toContain('Mia Müller: ');
    expect(await shortcut('delete', root.ts)).toContain('written by the customer');
    expect(await shortcut('resend', replyTs)).toContain('That was done already.');
    expect(await shortcut('delete', replyTs)).toContain('It is being deleted on WhatsApp.');
    await town.quiet();
    expect(mia.inbox.find(({ text }) => text === 'A reply to take back')?.isRevoked).toBe(true);
  });
});

const forAdmins = commandTree.entries.filter(({ who }) => who === 'admin');
const forAgents = commandTree.entries.filter(({ who }) => who === 'agent');
const exampleOf = ({ examples = [] }: (typeof forAdmins)[number]): string => examples[0] ?? '';

describe('a member without access', () => {
  test.for(forAdmins)('may not give /wa $path', async (entry) => {
    expect(await ask(dan, lobby, exampleOf(entry))).toBe('Only admins may do this; ask one of them.');
  });

  test('sees nothing, and is told whom to ask', async () => {
    expect(await ask(dan, lobby, 'chats')).toContain('You see no chats yet. Ask an admin');
    expect(await ask(dan, lobby, 'access Mia')).toContain('There is no chat like “Mia”');
    expect(await ask(dan, lobby, 'q hours')).toContain('This channel shows no WhatsApp chat');
  });

  test('gets nothing by being in a channel that isn’t theirs', async () => {
    await ana.invite(miaChannel, dan);
    const refused = await ask(dan, miaChannel, 'access');
    expect(refused).toContain('You don’t have access to this chat');
    expect(await ask(dan, miaChannel, 'q hours')).toContain('You don’t have access to this chat');
    await town.until(() => !miaChannel.members.has(dan.id), 'Dan to be taken out', PATIENCE_MS);
  });

  test('gets help with only what they may do', async () => {
    const help = await ask(dan, lobby, 'help');
    expect(help).toContain('/wa chats');
    expect(help).not.toContain('/wa grant');
  });

  test('can’t press a button that was offered to an admin, nor use a right that was taken', async () => {
    await ask(ana, lobby, 'number remove Support');
    const action = buttonsOf(newest(ana))[0]!.action;
    const before = answersTo(dan).length;
    await ask(dan, lobby, 'chats');
    await dan.click({ ...newest(ana), user: dan.id }, action);
    await town.until(() => answersTo(dan).length > before + 1, 'an answer', PATIENCE_MS);
    expect(words([newest(dan)])).toContain('That was too long ago, or was done already.');
    expect(await ask(ana, lobby, 'number list')).toContain('Support — connected');
  });
});

describe('a stranger', () => {
  test.for([...forAdmins, ...forAgents])('may not give /wa $path', async (entry) => {
    expect(await ask(stan, lobby, exampleOf(entry))).toBe(
      'Nobody invited you to Switchboard yet; ask an admin of your team to invite you.',
    );
  });

  test('gets help that says how to come in', async () => {
    const help = await ask(stan, lobby, 'help');
    expect(help).toContain('Nobody invited you to Switchboard yet');
    expect(help).not.toContain('/wa chats');
  });

  test('leaves a trace of every try', async () => {
    const audit = await town.api('GET', '/api/v1/audit?action=command.refuse&limit=100');
    expect(JSON.stringify(audit.body)).toContain('"command":"grant"');
    expect(JSON.stringify(audit.body)).toContain(stan.id);
  });
});

test('masked phone numbers stay masked for members', async () => {
  const { database } = town;
  const { connect } = await import('../support/postgres.ts');
  const client = await connect(database);
  await client.query(`insert into setting (key, value) values ('maskPhones', 'true')`);
  await client.end();
  expect(await ask(cleo, lobby, 'chats')).not.toContain('15110000004');
  expect(await ask(ana, lobby, 'chats')).toMatch(/15110000004|Nina/);
});
