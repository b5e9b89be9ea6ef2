// Events by HTTP: signed by Slack or refused, and acknowledged only once they're stored.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { plain } from '../../../../src/domain/text.ts';
import type { Forgery } from '../../../../simulators/slack/index.ts';
import { startSlack } from '../../../../simulators/slack/index.ts';
import { createSlack } from '../../../../src/platforms/slack/index.ts';
import { createLog } from '../../../../src/runtime/log.ts';
import { systemClock } from '../../../../src/runtime/time.ts';
import { as } from '../../../../src/domain/ids.ts';
import type { PlatformEvent } from '../../../../src/domain/events.ts';

async function open(store: (event: PlatformEvent) => Promise<void> = async () => undefined) {
  const slack = await startSlack({ settings: { ackTimeoutMs: 400, redeliveryDelaysMs: [0, 20, 20] } });
  const platform = createSlack({
    botToken: slack.botToken,
    signingSecret: slack.signingSecret,
    apiUrl: slack.apiUrl,
    publicUrl: 'https://inbox.acme.example',
    clock: systemClock,
    log: createLog({ level: 'silent' }),
  });
  const server = createServer((request, response) => platform.routes?.(request, response));
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/slack/events`;
  slack.setRequestUrl(url);
  const events: PlatformEvent[] = [];
  const states: string[] = [];
  await platform.start({
    commands: { name: 'wa', entries: [], shortcuts: [] },
    onEvent: async (event) => {
      await store(event);
      events.push(event);
    },
    onState: (state) => {
      states.push(state);
    },
  });
  onTestFinished(async () => {
    await platform.stop();
    server.closeAllConnections();
    server.close();
    await slack.stop();
  });
  const ana = slack.addPerson({ name: 'Ana', email: 'ana@acme.example' });
  const { channel } = await platform.openChannel({ mirror: as('m1'), name: 'wa-bob', topic: '' });
  await platform.setUsers(channel, new Set([as(ana.id)]));
  await slack.settled();
  return { slack, platform, events, states, ana, channel, url };
}

test('answers Slack’s check of the address, and tells what is said', async () => {
  const { slack, ana, channel, events, states, platform } = await open();
  expect(await slack.http.verifyUrl()).toBe(true);
  expect(states).toEqual(['connecting', 'connected']);
  await ana.say(channel, 'hello');
  await slack.until(() => events.some((event) => event.kind === 'said'), 'the message');
  expect(await platform.setup()).toEqual([]);
});

test('leaves unanswered what could not be stored, and takes the second telling', async () => {
  let failuresLeft = 0;
  const { slack, ana, channel, events } = await open(async () => {
    if (failuresLeft === 0) return;
    failuresLeft -= 1;
    throw new Error('the database is away');
  });
  failuresLeft = 1;
  await ana.say(channel, 'hello');
  await slack.until(() => events.some((event) => event.kind === 'said'), 'the second telling');
  await slack.settled();
  const [delivery] = slack.events.deliveries.filter(
    (one) => one.subscription === 'message.groups' && one.event['user'] === ana.id && one.event['text'] === 'hello',
  );
  expect(delivery?.attempts.map((attempt) => attempt.receipt?.kind)).toEqual(['http_error', 'acked']);
});

test.for<Forgery>([
  'wrong_secret',
  'stale',
  'future',
  'swapped_body',
  'other_version',
  'short_signature',
  'no_signature',
  'no_timestamp',
])('refuses a request that is not Slack’s (%s)', async (forgery) => {
  const { slack, events } = await open();
  const countBefore = events.length;
  const event = {
    type: 'event_callback',
    event_id: 'Ev1',
    event_time: 1,
    event: { type: 'team_join', user: { id: 'U1' } },
  };
  expect(await slack.http.forge(forgery, event)).toBe(401);
  expect(events.length).toBe(countBefore);
});

test('takes a request once, though it is played back', async () => {
  const { slack, events, url } = await open();
  const event = { type: 'team_join', user: { id: 'UNEW', deleted: false } };
  const body = JSON.stringify({ type: 'event_callback', event_id: 'Ev1', event_time: 1, event });
  const headers = { ...slack.http.sign(body), 'content-type': 'application/json' };
  const send = async (): Promise<number> => (await fetch(url, { method: 'POST', headers, body })).status;
  expect([await send(), await send()]).toEqual([200, 401]);
  expect(events.filter((one) => one.kind === 'userChanged' && one.user === 'UNEW')).toHaveLength(1);
});

test('answers commands and what is neither Slack’s nor for it', async () => {
  const { slack, ana, channel, events, platform, url } = await open();
  const { acked } = await ana.slashCommand(channel, '/wa', 'help');
  expect(acked).toBe(true);
  const asked = await slack.until(() => events.find((event) => event.kind === 'asked'), 'the command');
  await platform.answer(asked.request.ref, { text: plain('this is help') });
  expect(ana.privateAnswers().map((answer) => answer.text)).toEqual(['this is help']);
  const headers = slack.http.sign('');
  expect((await fetch(`${url}/elsewhere`, { headers })).status).toBe(404);
});
