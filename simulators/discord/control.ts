// A small control interface for people trying the demo: channels and messages as JSON and as a plain page, and saying something.
import { readers } from './channels.ts';
import { objectOf, parseJson, textOf } from './json.ts';
import type { JsonObject } from './json.ts';
import type { Person } from './people.ts';
import { renderUser } from './render.ts';
import type { ExtraRoute } from './server.ts';
import type { Guild } from './state.ts';
import type { Channel, Message } from './types.ts';

/** What the control interface works on. */
export interface ControlParts {
  readonly guild: Guild;
  readonly log: { readonly unknown: readonly string[] };
  person(email: string): Person;
}

/**
 * Routes under `/control`: `GET /control` (page), `GET /control/state` (JSON), `POST /control/say` with
 * `{ email, channel, text, replyTo? }`, `POST /control/command` with `{ email, channel, text }` (`/wa …`), `POST /control/sign-in`
 * with `{ email }`.
 */
export function createControl(parts: ControlParts): ExtraRoute {
  return async (request, response, body, url) => {
    if (!url.pathname.startsWith('/control')) return false;
    const sendJson = (status: number, value: object): void => {
      response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(value));
    };
    const place = `${request.method ?? ''} ${url.pathname}`;
    if (place === 'GET /control') {
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(page(parts.guild));
      return true;
    }
    if (place === 'GET /control/state') {
      sendJson(200, state(parts));
      return true;
    }
    try {
      sendJson(200, { ok: true, ...(await act(parts, place, objectOf(parseJson(body.toString())))) });
    } catch (error) {
      sendJson(400, { ok: false, error: error instanceof Error ? error.message : String(error) });
    }
    return true;
  };
}

async function act(parts: ControlParts, place: string, order: JsonObject): Promise<object> {
  const person = parts.person(textOf(order['email']));
  const [channel, text] = [textOf(order['channel']), textOf(order['text'])];
  switch (place) {
    case 'POST /control/say': {
      const replyTo = textOf(order['replyTo']);
      return { id: await person.say(channel, text, replyTo === '' ? {} : { replyTo }) };
    }
    case 'POST /control/command': {
      const { acked, error, interaction } = await person.slashCommand(channel, text);
      return { acked, error, answer: interaction.original?.content };
    }
    case 'POST /control/sign-in':
      parts.guild.signedIn = person.id;
      return {};
    default:
      throw new Error('not found');
  }
}

function state({ guild, log }: ControlParts): object {
  return {
    people: [...guild.users.values()].map((user) => ({ ...renderUser(user), email: user.email })),
    channels: [...guild.channels.values()].map((channel) => ({
      id: channel.id,
      type: channel.type,
      name: channel.name,
      topic: channel.topic,
      parent: channel.parentId,
      readers: channel.isDirect ? channel.recipients : readers(guild, channel),
      messages: channel.messages.map(({ id, author, content, files, reactions, reference, pings }) => ({
        id,
        author: author.name,
        content,
        files: files.map((file) => file.name),
        reactions,
        reference,
        pings,
      })),
    })),
    unknown: log.unknown,
  };
}

function page(guild: Guild): string {
  const sections = [...guild.channels.values()].map((channel) => section(guild, channel));
  return `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="3">
<title>${escapeText(guild.name)} (Discord stand-in)</title>
<style>body{font:15px/1.5 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}h2{border-top:1px solid #ccc;padding-top:1rem}
blockquote{margin:0;color:#666}small{color:#666}ul{list-style:none;padding:0}</style></head>
<body><h1>${escapeText(guild.name)}</h1>${sections.join('')}</body></html>`;
}

function section(guild: Guild, channel: Channel): string {
  const nameOf = (id: string): string => guild.users.get(id)?.globalName ?? id;
  const people = (channel.isDirect ? channel.recipients : readers(guild, channel)).map(nameOf).join(', ');
  const title = channel.isDirect ? 'Direct' : `${channel.thread === undefined ? '#' : '↳ '}${channel.name}`;
  const items = channel.messages.map((message) => line(channel, message));
  const head = `<h2>${escapeText(title)}</h2><small>${escapeText(people)} · ${escapeText(channel.topic ?? '')}</small>`;
  return `${head}<ul>${items.join('')}</ul>`;
}

function line(channel: Channel, message: Message): string {
  const quoted = channel.message(message.reference?.messageId ?? '');
  const quote =
    quoted === undefined
      ? ''
      : `<blockquote>↪ ${escapeText(quoted.author.name)}: ${escapeText(quoted.content)}</blockquote>`;
  const files = message.files.map((file) => file.name).join(', ');
  const text = escapeText(message.content).replaceAll('\n', '<br>');
  return `<li>${quote}<b>${escapeText(message.author.name)}</b> <small>${message.id}</small><br>${text} ${escapeText(files)}</li>`;
}

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
