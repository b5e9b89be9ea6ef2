// /wa digest …: when and where this workspace's figures are posted, and posting them at once.
import type { Answer } from '../domain/command.ts';
import type { ChannelId } from '../domain/ids.ts';
import { hintAt } from '../domain/nearest.ts';
import { isTimeZone, parseTimeOfDay } from '../domain/zone.ts';
import type { DigestSchedule } from '../store/digest.ts';
import { isRefused, type Ask, type Parts, type Refused } from './ask.ts';
import { zoneOf } from './times.ts';
import { quoted, say } from './words.ts';

const FIRST_MINUTES = 9 * 60;

/** This channel, if figures may be posted in it: those of all chats are nothing for the channel of one. */
function channelHere(ask: Ask): ChannelId | Refused {
  if (ask.channel === undefined) return { refused: 'Ask in the channel where the digest is to be posted.' };
  return ask.here === undefined
    ? ask.channel
    : {
        refused:
          'This is the channel of one chat, and the digest is about all of them. Ask in another channel, one for the team.',
      };
}

const clockWords = (minutes: number): string =>
  `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;

function scheduleWords(ask: Ask, { channelId, minutes, timeZone, weekly, namesChats }: DigestSchedule): string {
  const isHere = channelId === ask.channel;
  const where = isHere ? 'in this channel' : 'in the channel that was chosen for it';
  const monday = weekly ? ', on Mondays the week before as well' : '';
  const names = namesChats ? 'It names the chats that wait.' : 'It names no chats.';
  return `The digest is posted ${where} every day at ${clockWords(minutes)} (${timeZone})${monday}. ${names}`;
}

const inviteWords = 'Switchboard must be in that channel to post there: invite it, if it isn’t.';

export async function showDigest({ metrics }: Parts, ask: Ask): Promise<Answer> {
  const schedule = await metrics.schedule(ask.workspaceId);
  return schedule === undefined
    ? say('No digest is posted in this workspace. /wa digest at 09:00 or /wa digest here begins with it.')
    : say(scheduleWords(ask, schedule));
}

export async function digestNow(parts: Parts, ask: Ask): Promise<Answer> {
  const schedule = await parts.metrics.schedule(ask.workspaceId);
  let place: { channelId: ChannelId; timeZone: string } | undefined;
  if (schedule === undefined) {
    const channelId = channelHere(ask);
    if (isRefused(channelId)) return say(channelId.refused);
    place = { channelId, timeZone: await zoneOf(parts, ask) };
  }
  const posted = await parts.metrics.postNow(ask.workspaceId, ask.by, place);
  if (isRefused(posted)) return say(posted.refused);
  return posted.digest.channelId === ask.channel
    ? say('It is being posted in this channel.', inviteWords)
    : say('It is being posted in the channel of the digest.');
}

export async function digestAt(parts: Parts, ask: Ask): Promise<Answer> {
  const { time = '' } = ask.options;
  const minutes = parseTimeOfDay(time);
  if (minutes === undefined) return say(`${quoted(time)} is no time of day. Write it like 09:00 or 17:30.`);
  const schedule = await parts.metrics.schedule(ask.workspaceId);
  const channelId = schedule?.channelId ?? channelHere(ask);
  return isRefused(channelId) ? say(channelId.refused) : set(parts, ask, channelId, minutes);
}

export async function digestHere(parts: Parts, ask: Ask): Promise<Answer> {
  const channelId = channelHere(ask);
  if (isRefused(channelId)) return say(channelId.refused);
  const schedule = await parts.metrics.schedule(ask.workspaceId);
  return set(parts, ask, channelId, schedule?.minutes ?? FIRST_MINUTES);
}

const isYes = (written: string | undefined): boolean | undefined =>
  written === undefined ? undefined : written === 'yes';

async function set(parts: Parts, ask: Ask, channelId: ChannelId, minutes: number): Promise<Answer> {
  const { zone, weekly, names } = ask.options;
  if (zone !== undefined && !isTimeZone(zone)) {
    return say(
      `There is no time zone called ${quoted(zone)}.${hintAt(zone, Intl.supportedValuesOf('timeZone'))} They are written like Europe/Berlin.`,
    );
  }
  const timeZone = zone ?? (await zoneOf(parts, ask));
  const wanted = { channelId, minutes, timeZone, weekly: isYes(weekly), namesChats: isYes(names) };
  const result = await parts.metrics.setSchedule(ask.workspaceId, wanted, ask.by);
  return isRefused(result)
    ? say(result.refused)
    : say(scheduleWords(ask, result.schedule), channelId === ask.channel ? inviteWords : undefined);
}

export async function digestOff({ metrics }: Parts, ask: Ask): Promise<Answer> {
  const was = await metrics.dropSchedule(ask.workspaceId, ask.by);
  return say(was ? 'No more digests are posted in this workspace.' : 'No digest was posted in this workspace.');
}
