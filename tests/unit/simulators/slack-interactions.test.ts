// The Slack stand-in's commands, buttons, shortcuts and forms over Socket Mode, and HTTP mode with its signatures, driven by the real Bolt app.
import { App, HTTPReceiver } from '@slack/bolt';
import type { AllMiddlewareArgs, SlackViewMiddlewareArgs } from '@slack/bolt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Forgery, View } from '../../../simulators/slack/index.ts';
import { Bench, errorOf, quiet } from './slack-client.ts';

let bench: Bench;
let app: App;

const modal = {
  type: 'modal' as const,
  callback_id: 'invite',
  title: { type: 'plain_text' as const, text: 'Invite' },
  submit: { type: 'plain_text' as const, text: 'Send' },
  blocks: [
    {
      type: 'input' as const,
      block_id: 'emails',
      label: { type: 'plain_text' as const, text: 'Emails' },
      element: { type: 'plain_text_input' as const, action_id: 'emails' },
    },
    {
      type: 'input' as const,
      block_id: 'role',
      label: { type: 'plain_text' as const, text: 'Role' },
      element: {
        type: 'static_select' as const,
        action_id: 'role',
        options: ['admin', 'member'].map((value) => ({ text: { type: 'plain_text' as const, text: value }, value })),
      },
    },
  ],
};

const button = {
  type: 'actions' as const,
  elements: [
    { type: 'button' as const, action_id: 'undo', value: 'd-1', text: { type: 'plain_text' as const, text: 'Undo' } },
  ],
};

async function openModal(): Promise<View> {
  app.command('/wa', async ({ ack, client, command }) => {
    await ack();
    await client.views.open({ trigger_id: command.trigger_id, view: modal });
  });
  const channel = await bench.privateChannel();
  await bench.ana.slashCommand(channel, '/wa', 'invite');
  return bench.slack.until(() => bench.ana.modal, 'the modal');
}

function onSubmit(listener: (args: SlackViewMiddlewareArgs & AllMiddlewareArgs) => Promise<void>): void {
  app.view('invite', listener);
}

beforeEach(async () => {
  bench = await Bench.start({ settings: { ackTimeoutMs: 400, redeliveryDelaysMs: [0, 30] } });
  app = new App({
    socketMode: true,
    token: bench.slack.botToken,
    appToken: bench.slack.appToken,
    logger: quiet,
    clientOptions: { slackApiUrl: bench.slack.apiUrl },
  });
  await app.start();
});

afterEach(async () => {
  await app.stop();
  const unknown = await bench.stop();
  if (unknown.length > 0) throw new Error(`Slack doesn't know ${unknown.join(', ')}`);
});

describe('commands', () => {
  it('answers privately in the acknowledgement and later by its response URL', async () => {
    app.command('/wa', async ({ ack, respond, command }) => {
      await ack(`one: ${command.text} in ${command.channel_name}`);
      await respond({ text: 'two' });
      await respond({ text: 'for all', response_type: 'in_channel' });
    });
    const channel = await bench.privateChannel();
    const result = await bench.ana.slashCommand(channel, '/wa', 'a & b');
    expect(result.acked).toBe(true);
    await bench.slack.until(
      () => bench.slack.channel(channel).topLevel.at(-1)?.text === 'for all',
      'the public answer',
    );
    expect(result.answers.map(({ text }) => text)).toEqual(['one: a &amp; b in privategroup', 'two']);
    const ben = bench.slack.addPerson({ name: 'Ben', email: 'ben@acme.com' });
    await bench.ana.invite(channel, ben);
    expect(ben.sees(channel).map(({ text }) => text)).not.toContain('two');
    expect(bench.ana.sees(channel).filter(({ ephemeral }) => ephemeral)).toHaveLength(2);
  });

  it('shows a timeout when nobody acknowledges, and takes only five later answers', async () => {
    const urls: string[] = [];
    app.command('/silent', async ({ command }) => {
      urls.push(command.response_url);
    });
    const channel = await bench.privateChannel();
    const result = await bench.ana.slashCommand(channel, '/silent');
    expect(result).toMatchObject({ acked: false, error: 'operation_timeout' });
    const send = async (): Promise<number> =>
      (await fetch(urls[0] ?? '', { method: 'POST', body: JSON.stringify({ text: 'late' }) })).status;
    const statuses: number[] = [];
    for (let index = 0; index < 6; index += 1) statuses.push(await send());
    expect(statuses).toEqual([200, 200, 200, 200, 200, 404]);
  });
});

describe('buttons and shortcuts', () => {
  it('carries a click with its message, and lets the app replace it', async () => {
    app.action('undo', async ({ ack, body, respond, payload }) => {
      await ack();
      const { value } = payload as { value?: string };
      await respond({ replace_original: true, text: `${body.user.name} undid ${value ?? ''}` });
    });
    const channel = await bench.privateChannel();
    const { ts = '' } = await bench.post({ channel, text: 'sending', blocks: [button] });
    const message = bench.slack.channel(channel).message(ts);
    if (message === undefined) throw new Error('the post is missing');
    expect(await bench.ana.click(message, 'undo')).toMatchObject({ acked: true });
    await bench.slack.until(() => message.text === 'ana.silva undid d-1', 'the replaced text');
    expect(message.blocks).toBeUndefined();
  });

  it('lets the app take a private answer away', async () => {
    app.action('undo', async ({ ack, respond }) => {
      await ack();
      await respond({ delete_original: true });
    });
    const channel = await bench.privateChannel();
    await bench.client.chat.postEphemeral({ channel, user: bench.ana.id, text: 'only you', blocks: [button] });
    const [answer] = bench.ana.privateAnswers();
    if (answer === undefined) throw new Error('the private answer is missing');
    await bench.ana.click(answer, 'undo');
    expect(await bench.slack.until(() => bench.ana.privateAnswers().length === 0, 'it to go')).toBe(true);
    const outsider = bench.slack.addPerson({ name: 'Ben', email: 'ben@acme.com' });
    expect(await errorOf(bench.client.chat.postEphemeral({ channel, user: outsider.id, text: 'x' }))).toBe(
      'user_not_in_channel',
    );
  });

  it('carries a message shortcut with the message it was chosen on', async () => {
    const seen: unknown[] = [];
    app.shortcut('resend', async ({ ack, body }) => {
      await ack();
      seen.push(body);
    });
    const channel = await bench.privateChannel();
    const ts = await bench.ana.say(channel, 'this one');
    await bench.ana.messageShortcut('resend', channel, ts);
    await bench.slack.until(() => seen.length > 0, 'the shortcut');
    expect(seen[0]).toMatchObject({
      type: 'message_action',
      message_ts: ts,
      message: { text: 'this one' },
      channel: { id: channel },
    });
  });
});

describe('forms', () => {
  it('is opened by a trigger, which works once', async () => {
    const triggers: string[] = [];
    app.command('/once', async ({ ack, client, command }) => {
      await ack();
      await client.views.open({ trigger_id: command.trigger_id, view: modal });
      triggers.push(command.trigger_id);
    });
    const channel = await bench.privateChannel();
    await bench.ana.slashCommand(channel, '/once');
    const trigger = await bench.slack.until(() => triggers[0], 'the trigger');
    expect(bench.ana.modal?.content['callback_id']).toBe('invite');
    expect(await errorOf(bench.client.views.open({ trigger_id: trigger, view: modal }))).toBe('exchanged_trigger_id');
    expect(await errorOf(bench.client.views.open({ trigger_id: 'x', view: modal }))).toBe('invalid_trigger_id');
    const long = { ...modal, title: { type: 'plain_text' as const, text: 'x'.repeat(25) } };
    expect(await errorOf(bench.client.views.open({ trigger_id: 'x', view: long }))).toBe('invalid_arguments');
  });

  it('submits typed and chosen values, and shows what the app finds wrong', async () => {
    const submitted: unknown[] = [];
    onSubmit(async ({ ack, view }) => {
      submitted.push(view.state.values);
      const wrong = view.state.values['emails']?.['emails']?.value === 'nonsense';
      await (wrong ? ack({ response_action: 'errors', errors: { emails: 'No email' } }) : ack());
    });
    const view = await openModal();
    const refused = await bench.ana.submitView(view, { emails: 'nonsense' });
    expect(refused.errors).toEqual({ emails: 'No email' });
    expect(bench.ana.modal?.id).toBe(view.id);
    await bench.ana.submitView(view, { emails: 'ben@acme.com', role: 'member' });
    expect(bench.ana.modal).toBeUndefined();
    expect(submitted.at(-1)).toMatchObject({
      emails: { emails: { type: 'plain_text_input', value: 'ben@acme.com' } },
      role: { role: { selected_option: { value: 'member' } } },
    });
  });

  it('is replaced, stacked and cleared by the answer, and guarded by its hash', async () => {
    let step = 0;
    onSubmit(async ({ ack }) => {
      step += 1;
      const next = { ...modal, title: { type: 'plain_text' as const, text: `Step ${step}` } };
      if (step === 1) await ack({ response_action: 'update', view: next });
      else if (step === 2) await ack({ response_action: 'push', view: next });
      else await ack({ response_action: 'clear' });
    });
    const view = await openModal();
    const oldHash = view.hash;
    await bench.ana.submitView(view);
    expect(bench.ana.modal).toMatchObject({ id: view.id, content: { title: { text: 'Step 1' } } });
    expect(await errorOf(bench.client.views.update({ view_id: view.id, hash: oldHash, view: modal }))).toBe(
      'hash_conflict',
    );
    await bench.ana.submitView(view);
    const top = bench.ana.modal;
    expect(top).toMatchObject({ previousId: view.id, content: { title: { text: 'Step 2' } } });
    if (top !== undefined) await bench.ana.submitView(top);
    expect(bench.ana.modal).toBeUndefined();
  });
});

describe('HTTP mode', () => {
  let web: App;
  let heard: { text: unknown; retryNum: number | undefined; retryReason: string | undefined }[];

  beforeEach(async () => {
    heard = [];
    const receiver = new HTTPReceiver({ signingSecret: bench.slack.signingSecret, logger: quiet, port: 0 });
    web = new App({
      token: bench.slack.botToken,
      receiver,
      logger: quiet,
      clientOptions: { slackApiUrl: bench.slack.apiUrl },
    });
    web.message(async ({ message, context }) => {
      const { text } = message as { text?: string };
      heard.push({ text, retryNum: context.retryNum, retryReason: context.retryReason });
    });
    const server = (await web.start(0)) as { address(): { port: number } };
    bench.slack.setRequestUrl(`http://127.0.0.1:${server.address().port}/slack/events`);
  });

  afterEach(async () => {
    await web.stop();
  });

  it('verifies its address and receives signed events and commands', async () => {
    expect(await bench.slack.http.verifyUrl()).toBe(true);
    web.command('/wa', async ({ ack }) => {
      await ack('over HTTP');
    });
    const channel = await bench.privateChannel();
    await bench.ana.say(channel, 'signed');
    const found = await bench.slack.until(() => heard.find(({ text }) => text === 'signed'), 'the message');
    expect(found.retryNum).toBeUndefined();
    const result = await bench.ana.slashCommand(channel, '/wa');
    expect(result.answers.map(({ text }) => text)).toEqual(['over HTTP']);
  });

  it.each<Forgery>(['wrong_secret', 'stale', 'swapped_body', 'other_version', 'short_signature', 'no_signature'])(
    'sends a request with %s that Bolt refuses',
    async (forgery) => {
      const status = await bench.slack.http.forge(forgery, { type: 'event_callback', event: { type: 'message' } });
      expect(status).toBe(401);
    },
  );

  it('sends again with number and reason when the app cannot be reached', async () => {
    const channel = await bench.privateChannel();
    await bench.slack.settled();
    const url = bench.slack.http.requestUrl;
    bench.slack.settings.redeliveryDelaysMs = [200];
    bench.slack.setRequestUrl('http://127.0.0.1:1/slack/events');
    await bench.ana.say(channel, 'again');
    await bench.slack.until(() => bench.slack.events.deliveries.at(-1)?.attempts[0]?.receipt, 'the failed try');
    bench.slack.setRequestUrl(url);
    const found = await bench.slack.until(() => heard.find(({ text }) => text === 'again'), 'the message');
    expect(found).toMatchObject({ retryNum: 1, retryReason: 'connection_failed' });
  });
});
