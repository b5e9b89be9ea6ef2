// Somebody in the simulated Discord proves their email: asks for the link, and opens it in a browser in which they are signed in.
import { setTimeout as pause } from 'node:timers/promises';
import type { Channel, DiscordSimulator, Person } from '../discord/index.ts';

const POLL_MS = 50;
const LIMIT_MS = 20_000;

/** Rejects when there is no link, or the sign-in doesn't end well. */
export async function signInByLink(discord: DiscordSimulator, person: Person, channel: Channel): Promise<void> {
  const link = await askForLink(discord, person, channel);
  discord.signIn(person);
  const cookies = new Map<string, string>();
  for (let url = link; ;) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const page = await fetch(url, { redirect: 'manual', headers: cookie === '' ? {} : { cookie } });
    for (const header of page.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(header) ?? [];
      cookies.set(name, value);
    }
    const next = page.headers.get('location');
    const text = await page.text();
    if (next !== null) url = new URL(next, url).href;
    else if (page.ok) return;
    else throw new Error(`${person.name} could not sign in: ${text.replaceAll(/<[^>]+>/g, ' ')}`);
  }
}

async function askForLink(discord: DiscordSimulator, person: Person, channel: Channel): Promise<string> {
  const endsAt = performance.now() + LIMIT_MS;
  while (discord.guild.commands.size === 0 && performance.now() < endsAt) await pause(POLL_MS);
  const { interaction } = await person.slashCommand(channel, '/wa link');
  for (;;) {
    const answer = interaction.original?.content ?? '';
    const link = /https?:\/\/[^\s<>]+\/sign-in\/[\w.-]+/.exec(answer)?.[0];
    if (link !== undefined) return link;
    if (performance.now() > endsAt) throw new Error(`/wa link gave ${person.name} no link: ${answer}`);
    await pause(POLL_MS);
  }
}
