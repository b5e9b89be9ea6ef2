// Files over what the Discord server takes: a link of ours in their place, and the file itself once the server is boosted.
import { GuildPremiumTier } from 'discord-api-types/v10';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Phone } from '../../simulators/whatsapp/index.ts';
import { channelOf, fileIn, postWith, sha256, texts } from './desk.ts';
import { API_TOKEN, Town } from './town.ts';

const MIB = 1_024 * 1_024;
let town: Town;
let office: Phone;
let mia: Phone;

beforeAll(async () => {
  town = await Town.build({ workspaces: ['discord'] });
  office = town.whatsapp.createPhone({ number: '4915110000001', name: 'Acme' });
  mia = town.whatsapp.createPhone({ number: '4915110000002', name: 'Mia' });
  await town.start();
  await town.link(office);
});

afterAll(() => town.close());

test('a file over the limit is a link that gives its bytes to the team; in a boosted server it is the file', async () => {
  const bytes = Buffer.concat([Buffer.from('%PDF-1.4 '), Buffer.alloc(11 * MIB, 'plan')]);
  const send = (fileName: string): Promise<string> =>
    mia.sendMedia(office, 'document', bytes, { fileName, mimetype: 'application/pdf', caption: `see ${fileName}` });
  await send('plan.pdf');
  const post = await postWith(town, 'mia', '📄 plan.pdf');
  await postWith(town, 'mia', 'see plan.pdf');
  expect(post.files).toEqual([]);
  const link = /\((https?:\/\/\S+)\)/.exec(post.text)?.[1] ?? '';
  const address = `${town.url}${new URL(link).pathname}`;
  const opened = await fetch(address, { headers: { authorization: `Bearer ${API_TOKEN}` } });
  expect(sha256(Buffer.from(await opened.arrayBuffer()))).toBe(sha256(bytes));
  expect((await fetch(address)).status).toBe(401);

  town.discord.boost(GuildPremiumTier.Tier2);
  await town.discord.settled();
  await send('plan-2.pdf');
  const { file } = await fileIn(town, 'mia', ({ name }) => name === 'plan-2.pdf');
  expect(sha256(file.bytes)).toBe(sha256(bytes));
  await town.quiet();
  expect(texts(channelOf(town.desk, 'mia'))).toHaveLength(3);
});
