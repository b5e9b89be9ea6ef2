// Tickets, notes, who waits, figures and the digest, asked for by an admin and by members; the same numbers as the API tells.
import { expect, test } from 'vitest';
import { PATIENCE_MS, postWith } from '../desk.ts';
import type { Stage } from './stage.ts';

/** What is looked at of the API's summary. */
interface Figures {
  readonly replies: object;
  readonly tickets: Readonly<Record<'open' | 'inProgress' | 'unresolved' | 'opened' | 'closed', number>>;
  readonly firstResponse: { readonly averageSeconds: number };
  readonly unanswered: { readonly count: number };
  readonly received: number;
  readonly activeChats: number;
  readonly ledger: Readonly<Record<'received' | 'mirrored' | 'filtered', number>>;
}

export function waitingTests(stage: Stage): void {
  test('lists who waits for an answer, the longest first, each with its channel', async () => {
    const waiting = await stage.ana.give(stage.lobby, 'waiting');
    expect(waiting.text).toContain('2 chats wait for an answer');
    expect(waiting.text).toMatch(/Mia Müller — for \d+s, since .*#wa-mia[\S\s]*Leo — for \d+s, since .*#wa-leo/);
    const labelled = await stage.ana.give(stage.lobby, 'waiting', { label: 'VPI' });
    expect(labelled.text).toContain('There is no label “VPI”.');
  });
}

export function workTests(stage: Stage): void {
  const given = async (who: 'ana' | 'cleo' | 'dan', command: string, options?: Record<string, string>) =>
    (await stage[who].give(stage.lobby, command, options)).text;
  const here = async (who: 'ana' | 'cleo', command: string, options?: Record<string, string>) =>
    (await stage[who].give(stage.miaChannel, command, options)).text;
  const kettle = '#1 “This kettle is broken”';

  test('opens a ticket by words, and says what is wrong with them', async () => {
    const subject = 'This kettle is broken';
    expect(await given('ana', 'ticket open', { subject })).toContain('This channel shows no WhatsApp chat');
    expect(await here('ana', 'ticket open', { subject, due: 'soon' })).toContain('“soon” is no date.');
    expect(await here('ana', 'ticket open', { subject, due: '2020-01-01' })).toContain('“2020-01-01” is over already.');
    expect(await here('ana', 'ticket open', { subject, assignee: 'cloe' })).toContain('Did you mean');
    expect(await here('ana', 'ticket open', { subject, assignee: 'dan' })).toContain(
      'dan@acme.test doesn’t see this chat.',
    );
    expect(await here('ana', 'ticket open', { subject, priority: 'high', due: '2d' })).toBe(`${kettle} is open.`);
  });

  test('opens a ticket by a form, which says what is wrong', async () => {
    expect((await stage.ana.give(stage.miaChannel, 'ticket open', {})).isForm).toBe(true);
    const wrong = await stage.ana.send({ subject: 'Cups', priority: 'low', due: 'soon' });
    expect(wrong.text).toContain('“soon” is no date.');
    const opened = await stage.ana.send({ subject: 'Cups', priority: 'low', assignee: 'me', due: '2099-12-24T15:00' });
    expect(opened.text).toBe('#2 “Cups” is open.');
    expect(await given('ana', 'ticket list', { which: 'mine' })).toMatch(
      /#2 “Cups” — open · ana@acme\.test · low priority · due 24 Dec 2099.* · Mia Müller/,
    );
    expect(await given('ana', 'ticket close', { ticket: '#2' })).toBe('#2 “Cups” is closed.');
    expect(await given('ana', 'ticket close', { ticket: '2' })).toBe('#2 “Cups” is closed already.');
  });

  test('takes, assigns, changes, closes and reopens tickets; two who take one are told of each other', async () => {
    expect(await here('cleo', 'ticket take')).toBe(`${kettle} is yours, and in progress.`);
    expect(await given('ana', 'ticket take', { ticket: '#1' })).toContain('is being worked on by cleo@acme.test');
    expect(await given('ana', 'ticket assign', { ticket: '#1', agent: 'dan' })).toBe(
      'dan@acme.test doesn’t see this chat.',
    );
    expect(await given('ana', 'ticket assign', { ticket: '#1', agent: 'cloe' })).toContain('Did you mean');
    expect(await given('ana', 'ticket assign', { ticket: '#1', agent: 'nobody' })).toBe(`${kettle} is nobody’s now.`);
    expect(await given('cleo', 'ticket assign', { ticket: '#1', agent: 'me' })).toBe(
      `${kettle} is cleo@acme.test’s now.`,
    );
    expect(await given('cleo', 'ticket edit', { ticket: '#1' })).toContain('Say what is to change');
    expect(await given('cleo', 'ticket edit', { ticket: '#1', priority: 'urgent', due: 'none' })).toBe(
      `${kettle} is changed.`,
    );
    expect(await given('ana', 'ticket edit', { ticket: '#9', priority: 'low' })).toContain('There is no ticket #9');
    expect(await given('ana', 'ticket take', { ticket: 'kettle' })).toContain('“kettle” is no ticket’s number.');
    expect(await given('ana', 'ticket take')).toContain('Say which ticket, like #12');
    expect(await here('cleo', 'ticket close')).toBe(`${kettle} is closed.`);
    expect(await here('cleo', 'ticket close')).toContain('No ticket of this chat is in question.');
    expect(await here('cleo', 'ticket reopen')).toContain('Say which ticket: #2 and #1.');
    expect(await given('cleo', 'ticket reopen', { ticket: '#1' })).toBe(`${kettle} is open again.`);
    expect(await given('ana', 'ticket reopen', { ticket: '#1' })).toBe(`${kettle} is open already.`);
    expect(await given('cleo', 'ticket list', { which: 'all', chat: 'Mia Müller' })).toMatch(/#2 [\S\s]*#1 /);
    expect(await given('ana', 'ticket list', { chat: 'Leo' })).toBe('There are no unresolved tickets.');
  });

  test('opens a ticket and keeps a note from a message’s menu; the note stays in the team', async () => {
    const { town, mia, cleo, miaChannel } = stage;
    const post = await postWith(town, 'mia', 'Hello from Mia');
    expect((await cleo.choose(miaChannel, post, 'ticket')).text).toBe('#3 “Hello from Mia” is open.');
    expect((await cleo.choose(miaChannel, post, 'ticket')).text).toContain('There is a ticket on it already: #3');
    expect((await cleo.choose(miaChannel, post, 'note')).isForm).toBe(true);
    expect((await cleo.send({ text: 'She called about it' })).text).toContain('It stays inside the team.');
    const note = await postWith(town, 'mia', 'She called about it');
    expect(note.text).toContain('a note by cleo@acme.test: it stays in the team');
    // Whoever answers the note natively talks to the team as well.
    if (stage.platform === 'discord') await cleo.person.say(miaChannel, 'So I heard', { replyTo: note });
    await town.quiet();
    expect((await cleo.choose(miaChannel, note, 'delete')).text).toBe('This is a note: it never left the team.');
    expect(mia.inbox.map(({ text }) => text)).not.toContain('She called about it');
    expect(mia.inbox.map(({ text }) => text)).not.toContain('So I heard');
  });

  test('a ticket’s card stands in the channel, and its buttons do what the commands do', async () => {
    const { town, cleo, ana, miaChannel } = stage;
    const card = (words: string) =>
      town.until(
        () => miaChannel.posts.find(({ text }) => text.includes('🎫 #3 Hello from Mia') && text.includes(words)),
        `the card of #3 with “${words}”`,
        PATIENCE_MS,
      );
    await cleo.person.press(await card('open · nobody’s yet'), 'ticket:take:');
    const taken = await card('in progress · cleo@acme.test');
    expect(taken.buttons.map(({ label }) => label)).toEqual(['Close', 'Put back']);
    await ana.person.press(taken, 'ticket:close:');
    await ana.person.press(await card('closed · cleo@acme.test'), 'ticket:reopen:');
    await cleo.person.press(await card('open · cleo@acme.test'), 'ticket:take:');
    await card('in progress · cleo@acme.test');
  });

  test('tells the figures that the API tells, and the rows behind them', async () => {
    const figures = await stage.ana.give(stage.lobby, 'metrics');
    const [day = ''] = figures.text.split(' ');
    const { body } = await stage.town.api('GET', `/api/v1/metrics/summary?from=${day}&to=${day}`);
    const told = body as unknown as Figures;
    // The quick reply came from here, not from the web.
    expect(told.replies).toMatchObject({ total: 1, bySource: { [stage.platform]: 1, web: 0 } });
    const { tickets, unanswered, ledger } = told;
    const { received, mirrored, filtered } = ledger;
    for (const line of [
      `Replies: 1 — ana@acme.test 1 — ${stage.platform} 1\n`,
      `Tickets: ${tickets.unresolved} unresolved (${tickets.open} open, ${tickets.inProgress} in progress), ${tickets.opened} opened, ${tickets.closed} closed`,
      `First response: average ${Math.round(told.firstResponse.averageSeconds)}s, `,
      `Waiting now: ${unanswered.count}, the longest for `,
      `Received: ${told.received} messages in ${told.activeChats} active chats`,
      `Ledger: ${received} received = ${mirrored} mirrored + ${filtered} filtered\n`,
    ]) {
      expect(figures.text).toContain(line);
    }
    expect(tickets).toEqual({ open: 1, inProgress: 1, unresolved: 2, opened: 3, closed: 3 });
    expect([received, unanswered.count]).toEqual([2, 1]);
    const behind = await stage.ana.press(figures, 'Replies');
    expect(behind.text).toMatch(/ana@acme\.test to Mia Müller: “We are open from 9 to 5\.”/);
    expect((await stage.ana.press(figures, 'First responses')).text).toMatch(/ana@acme\.test to Mia Müller after /);
    expect((await stage.ana.press(figures, 'Waiting')).text).toContain('Leo — for ');
  });

  test('takes periods, people, labels and chats apart, and says what is none of them', async () => {
    expect(await given('ana', 'metrics', { period: '7d', chat: 'Leo' })).toMatch(/^\d.*\.\..*“Leo”[\S\s]*Replies: 0\n/);
    expect(await given('ana', 'metrics', { period: '2020-01-01..2020-01-31' })).toContain('Received: 0 messages');
    expect(await given('ana', 'metrics', { agent: 'cleo' })).toContain('Replies: 0\n');
    expect(await given('ana', 'metrics', { period: 'yesterday' })).toContain('“yesterday” is no period.');
    expect(await given('ana', 'metrics', { agent: 'cloe' })).toContain('Did you mean');
    expect(await given('ana', 'metrics', { label: 'Gold' })).toContain('There is no label “Gold”.');
    expect(await given('ana', 'metrics', { chat: 'Loe' })).toContain('Did you mean “Leo”?');
  });

  test('members see their own chats’ figures, tickets and waiting customers only', async () => {
    const own = await given('cleo', 'metrics');
    expect(own).toContain('the chats you see');
    expect(own).toContain('Received: 1 message in 1 active chat');
    expect(own).toContain('Waiting now: 0');
    expect(await given('cleo', 'metrics', { chat: 'Leo' })).toContain('There is no chat like “Leo”');
    expect(await given('cleo', 'waiting')).toBe('Nobody waits for an answer.');
    const denied = await given('cleo', 'ticket open', { subject: 'Mine', chat: 'Leo' });
    expect(denied).toContain('There is no chat like “Leo” among those you see.');
    expect(await given('dan', 'metrics')).toContain('Received: 0 messages');
    expect(await given('dan', 'waiting')).toBe('Nobody waits for an answer.');
    expect(await given('dan', 'ticket list')).not.toContain('#1');
    for (const command of ['take', 'close', 'reopen']) {
      expect(await given('dan', `ticket ${command}`, { ticket: '#1' })).toContain('There is no ticket #1 among those');
    }
    expect(await given('dan', 'ticket edit', { ticket: '#1', subject: 'Mine' })).toContain('There is no ticket #1');
    expect(await given('dan', 'ticket assign', { ticket: '#1', agent: 'me' })).toContain('There is no ticket #1');
    const opened = await given('dan', 'ticket open', { subject: 'Mine', chat: 'Leo' });
    expect(opened).toContain('There is no chat like “Leo” among those you see.');
  });

  test('sets the digest up, posts it, and ends it', async () => {
    const { town, lobby } = stage;
    expect(await given('ana', 'digest show')).toContain('No digest is posted in this workspace.');
    expect(await here('ana', 'digest at', { time: '09:00' })).toContain('This is the channel of one chat');
    expect(await given('ana', 'digest at', { time: '25:00' })).toContain('“25:00” is no time of day.');
    expect(await given('ana', 'digest at', { time: '09:00', zone: 'Europe/Berln' })).toContain(
      'Did you mean “Europe/Berlin”?',
    );
    const set = { time: '09:30', zone: 'Europe/Berlin', weekly: 'yes' };
    const schedule = 'posted in this channel every day at 09:30 (Europe/Berlin), on Mondays the week before as well';
    expect(await given('ana', 'digest at', set)).toContain(schedule);
    expect(await given('ana', 'digest at', { time: '17:00' })).toContain('at 17:00 (Europe/Berlin)');
    expect(await here('ana', 'digest here')).toContain('This is the channel of one chat');
    expect(await given('ana', 'digest here', { names: 'yes' })).toContain('It names the chats that wait.');
    expect(await here('ana', 'digest show')).toContain('in the channel that was chosen for it every day at 17:00');
    expect(await here('ana', 'digest now')).toBe('It is being posted in the channel of the digest.');
    await town.until(
      () => lobby.posts.some(({ files }) => files.some(({ name }) => name === 'digest.png')),
      'the digest with its picture',
      PATIENCE_MS,
    );
    expect(await given('ana', 'digest off')).toBe('No more digests are posted in this workspace.');
    expect(await given('ana', 'digest off')).toBe('No digest was posted in this workspace.');
  });
}
