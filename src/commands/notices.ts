// /wa notices …: where this workspace's problems are told: in a channel of the admins, or to each of them.
import type { Answer } from '../domain/command.ts';
import { isRefused, type Ask, type Parts } from './ask.ts';
import { say } from './words.ts';

export async function showNotices({ access }: Parts, ask: Ask): Promise<Answer> {
  const channel = await access.adminsChannel(ask.workspaceId);
  if (channel === null) return say('Problems are told to each admin directly. /wa notices here chooses a channel.');
  const where = channel === ask.channel ? 'in this channel' : 'in the channel that was chosen for it';
  return say(`Problems are told ${where}. /wa notices off ends that.`);
}

export async function noticesHere({ access }: Parts, ask: Ask): Promise<Answer> {
  if (ask.channel === undefined) return say('Ask in the channel where problems are to be told.');
  const result = await access.setAdminsChannel(ask.workspaceId, ask.channel, ask.actor);
  return say(isRefused(result) ? result.refused : 'Problems are told in this channel from now on.');
}

export async function noticesOff({ access }: Parts, ask: Ask): Promise<Answer> {
  const was = await access.adminsChannel(ask.workspaceId);
  if (was === null) return say('Problems are told to each admin directly already.');
  await access.setAdminsChannel(ask.workspaceId, null, ask.actor);
  return say('Problems are told to each admin directly from now on.');
}
