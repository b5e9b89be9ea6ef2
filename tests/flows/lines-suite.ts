// What becomes of a reply on its way to the customer, as the line under it tells: confirmed, refused, unconfirmed, deleted, too late.
import { expect, onTestFinished, test } from 'vitest';
import { PATIENCE_MS, postWith } from './desk.ts';
import { got, lines, ReplyStage, type Chat } from './reply-stage.ts';
import type { PlatformName } from './workspace.ts';

export function linesSuite(platform: PlatformName): void {
  const stage = new ReplyStage(platform);

  test('the line under a reply goes on in its place, for each agent’s own reply', async () => {
    const here = await stage.chat('Lina');
    const { phone, channel, root } = here;
    phone.setOnline(false);
    await stage.ana.say(channel, 'from Ana', { replyTo: root });
    await stage.line(here, 'ana@acme.test · ✓ sent');
    await stage.ben.say(channel, 'from Ben', { replyTo: root });
    await stage.line(here, 'ben@acme.test · ✓ sent');
    phone.setOnline(true);
    await stage.line(here, 'ana@acme.test · ✓✓ delivered');
    await stage.line(here, 'ben@acme.test · ✓✓ delivered');
    phone.markRead(stage.office);
    await stage.line(here, 'ana@acme.test · ✓✓ read');
    await stage.line(here, 'ben@acme.test · ✓✓ read');
    expect(lines(channel, root)).toHaveLength(2);
    expect(channel.posts).toHaveLength(5);
  });

  test('the customer sees that it was read once an agent has replied, and never before', async () => {
    const { phone, channel, root, id } = await stage.chat('Rhea');
    const isRead = (): boolean =>
      phone.receipts.some(({ attrs }) => attrs['type'] === 'read' && JSON.stringify(attrs).includes(id));
    await stage.town.quiet();
    expect(isRead()).toBe(false);
    await stage.ana.say(channel, 'I read it', { replyTo: root });
    await stage.town.until(isRead, 'the read receipt', PATIENCE_MS);
  });

  test('a refused message says why, and Resend sends it once under the same id', async () => {
    const here = await stage.chat('Refa');
    const { phone, channel, root } = here;
    onTestFinished(() => stage.town.whatsapp.faults.acks(stage.office, { kind: 'prompt' }));
    stage.town.whatsapp.faults.acks(stage.office, { kind: 'refuse', code: 463 }, 1);
    await stage.ana.say(channel, 'not at first', { replyTo: root });
    await stage.line(here, '✗ not sent');
    expect(lines(channel, root)[0]).toMatch(/✗ not sent: WhatsApp restricts this number/);
    expect(phone.inbox.filter(({ fromMe }) => !fromMe)).toEqual([]);
    await resend(here);
    const received = await got(phone, 'not at first');
    await stage.line(here, '✓✓ delivered');
    await stage.town.quiet();
    expect(received.copies).toBe(1);
    expect(lines(channel, root)).toHaveLength(1);
  });

  test('🔁 on a refused reply sends it again as the button does, and on others nothing; it never leaves', async () => {
    const here = await stage.chat('Emma');
    const { phone, channel, root } = here;
    onTestFinished(() => stage.town.whatsapp.faults.acks(stage.office, { kind: 'prompt' }));
    stage.town.whatsapp.faults.acks(stage.office, { kind: 'refuse', code: 463 }, 1);
    const reply = await stage.ana.say(channel, 'once more', { replyTo: root });
    await stage.line(here, '✗ not sent');
    await stage.ana.react(channel, root.id, '🔁');
    await stage.ana.react(channel, reply, '🔁');
    const received = await got(phone, 'once more');
    await stage.line(here, '✓✓ delivered');
    await stage.town.quiet();
    expect(received.copies).toBe(1);
    expect(phone.inbox.flatMap(({ reactions }) => [...reactions.values()])).toEqual([]);

    // Another emoji may be chosen for it; then this one is like any other.
    const choose = (resendEmoji: string) => stage.town.api('PATCH', '/api/v1/settings', { resendEmoji });
    onTestFinished(() => choose('🔁').then(() => undefined));
    expect((await choose('📣')).status).toBe(200);
    stage.town.whatsapp.faults.acks(stage.office, { kind: 'refuse', code: 463 }, 1);
    const other = await stage.ana.say(channel, 'and again', { replyTo: root });
    await stage.line(here, '✗ not sent');
    await stage.ana.unreact(channel, root.id, '🔁');
    // Nobody changes their mind within the millisecond that times are told in.
    await stage.town.quiet();
    await stage.ana.react(channel, root.id, '🔁');
    await stage.ana.react(channel, other, '📣');
    expect((await got(phone, 'and again')).copies).toBe(1);
    const signs = () => phone.inbox.flatMap(({ reactions }) => [...reactions.values()]).join();
    await stage.town.until(() => signs() === '🔁', 'the reaction', PATIENCE_MS);
    await stage.town.quiet();
    expect(signs()).toBe('🔁');
  });

  // What these two wait for is WhatsApp's silence, most of a minute of it: it's the same wherever agents work.
  const silent = platform === 'slack' ? test : () => undefined;
  silent(
    'without an answer it is sent once more under the same id, then left to a person',
    async () => {
      const here = await stage.chat('Una');
      const { phone, channel, root } = here;
      onTestFinished(() => stage.town.whatsapp.faults.acks(stage.office, { kind: 'prompt' }));
      stage.town.whatsapp.faults.acks(stage.office, { kind: 'lose' }, 2);
      await stage.ana.say(channel, 'is this on?', { replyTo: root });
      await stage.line(here, '⚠ not confirmed');
      await stage.town.quiet();
      expect(phone.inbox.filter(({ fromMe }) => !fromMe)).toEqual([]);
      const tries = stage.town.whatsapp.history.flatMap((entry) =>
        entry.kind === 'received' && entry.stanza.tag === 'message' && entry.stanza.attrs['type'] === 'text'
          ? [entry.stanza.attrs['id']]
          : [],
      );
      const [last] = tries.slice(-1);
      expect(tries.filter((id) => id === last)).toHaveLength(2);
      await resend(here);
      const received = await got(phone, 'is this on?');
      expect(received.id).toBe(last);
      await stage.line(here, '✓✓ delivered');
    },
    180_000,
  );

  test('a link that dies before the confirmation: the customer has the reply once, and the line says so', async () => {
    const { phone, channel, root } = await stage.chat('Cutter');
    onTestFinished(() => stage.town.whatsapp.faults.acks(stage.office, { kind: 'prompt' }));
    stage.town.whatsapp.faults.acks(stage.office, { kind: 'cut' }, 1);
    await stage.ana.say(channel, 'said once', { replyTo: root });
    await got(phone, 'said once');
    await stage.ana.say(channel, 'said after it', { replyTo: root });
    await got(phone, 'said after it');
    await stage.town.quiet();
    const received = phone.inbox.filter(({ fromMe }) => !fromMe);
    expect(received.map(({ text }) => text)).toEqual(['said once', 'said after it']);
    const areDelivered = (): boolean => lines(channel, root).every((each) => each.includes('✓✓ delivered'));
    await stage.town.until(areDelivered, 'both lines to say so', PATIENCE_MS);
    expect(lines(channel, root)).toHaveLength(2);
  });

  test('whoever loses the chat before a reply has left sends nothing any more, and reads why', async () => {
    const here = await stage.chat('Vera');
    const { phone, channel, root } = here;
    const cy = stage.town.desk.addPerson('Cy', 'cy@acme.test');
    const agentId = await invite('cy@acme.test', 'Vera');
    await stage.town.introduce();
    await stage.town.until(() => channel.has(cy), 'Cy in the channel', PATIENCE_MS);
    onTestFinished(() => stage.town.whatsapp.faults.acceptLogins(stage.office));
    stage.town.whatsapp.faults.refuseLogins(stage.office, 503);
    stage.town.whatsapp.faults.cut(stage.office, 'reset');
    await cy.say(channel, 'still mine?', { replyTo: root });
    await stage.line(here, 'cy@acme.test · ');
    expect((await stage.town.api('PATCH', `/api/v1/agents/${agentId}`, { active: false })).status).toBe(200);
    stage.town.whatsapp.faults.acceptLogins(stage.office);
    await stage.ana.say(channel, 'mine now', { replyTo: root });
    await got(phone, 'mine now');
    // Both went the same way, in order.
    expect(phone.inbox.filter(({ fromMe }) => !fromMe).map(({ text }) => text)).toEqual(['mine now']);
    await stage.line(here, 'cy@acme.test · ✗ not sent');
  }, 180_000);

  silent(
    'a confirmation that comes late turns the line right',
    async () => {
      const here = await stage.chat('Latte');
      const { phone, channel, root } = here;
      onTestFinished(() => stage.town.whatsapp.faults.acks(stage.office, { kind: 'prompt' }));
      phone.setOnline(false);
      stage.town.whatsapp.faults.acks(stage.office, { kind: 'withhold' }, 2);
      await stage.ana.say(channel, 'arrives anyway', { replyTo: root });
      await stage.line(here, '⚠ not confirmed');
      phone.setOnline(true);
      await got(phone, 'arrives anyway');
      await stage.line(here, '✓✓ delivered');
      const post = channel.under(root.id).find(({ text }) => text.includes('✓✓ delivered'));
      expect(post?.buttons).toEqual([]);
    },
    180_000,
  );

  test('a reply by the API reaches the customer and shows as a post with its line', async () => {
    const { phone, channel } = await stage.chat('Apia');
    const { body } = await stage.town.api('GET', '/api/v1/chats');
    const chats = (body['items'] ?? body['chats']) as readonly { id: string; name: string | null; accountId: string }[];
    const found = chats.find(({ name }) => name === 'Apia');
    expect(found?.accountId).toBe(stage.accountId);
    const { status } = await stage.town.api('POST', `/api/v1/chats/${found?.id}/messages`, { text: 'by a machine' });
    expect(status).toBeLessThan(300);
    await got(phone, 'by a machine');
    const post = await postWith(stage.town, 'apia', 'by a machine');
    await stage.town.until(() => channel.post(post.id)?.text.includes('✓✓ delivered'), 'its line', PATIENCE_MS);
  });

  test('a reply deleted while the number is away never reaches the customer', async () => {
    const here = await stage.chat('Uma');
    const { phone, channel, root } = here;
    stage.town.whatsapp.faults.refuseLogins(stage.office, 503);
    stage.town.whatsapp.faults.cut(stage.office, 'reset');
    const reply = await stage.ana.say(channel, 'thought better of it', { replyTo: root });
    await stage.line(here, 'sending');
    await stage.ana.remove(channel, reply);
    await stage.line(here, 'deleted');
    stage.town.whatsapp.faults.acceptLogins(stage.office);
    await stage.ana.say(channel, 'said after it', { replyTo: root });
    await got(phone, 'said after it');
    expect(phone.inbox.filter((message) => message.text === 'thought better of it')).toEqual([]);
  }, 180_000);

  /** Invites a member who may see one chat; gives the agent's id. */
  async function invite(emails: string, chatName: string): Promise<string> {
    const { items } = (await stage.town.api('GET', '/api/v1/chats')).body as { items: { id: string; name: string }[] };
    const chatIds = items.filter(({ name }) => name === chatName).map(({ id }) => id);
    const { body } = await stage.town.api('POST', '/api/v1/agents/invitations', { emails, role: 'member', chatIds });
    const [invited] = body['invited'] as { agentId: string }[];
    if (invited === undefined) throw new Error(`nobody was invited: ${JSON.stringify(body)}`);
    return invited.agentId;
  }

  /** Presses Resend under the reply. */
  async function resend({ channel, root }: Chat): Promise<void> {
    const post = await stage.town.until(
      () => channel.under(root.id).find(({ buttons }) => buttons.some(({ action }) => action.startsWith('resend:'))),
      'the Resend button',
      PATIENCE_MS,
    );
    await stage.ana.press(post, 'resend:');
  }
}
