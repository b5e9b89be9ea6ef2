// A small control interface for people trying the demo: channels and messages as JSON and as a plain page, and saying something.
import { escapeText } from './escape.ts';
import { objectOf, parseJson, textOf } from './json.ts';
import type { JsonObject } from './json.ts';
import type { Person } from './people.ts';
import { renderChannel, renderMessage, renderUser } from './render.ts';
import type { ExtraRoute } from './server.ts';
import type { Workspace } from './state.ts';
import type { Channel } from './types.ts';
import type { CallLog } from './web-api/index.ts';

/** What the control interface works on. */
export interface ControlParts {
  readonly workspace: Workspace;
  readonly log: CallLog;
  person(id: string): Person | undefined;
}

/**
 * Routes under `/control`: `GET /control` (page), `GET /control/state` (JSON), `POST /control/say` with
 * `{ email, channel, text, thread? }`.
 */
export function createControl(parts: ControlParts): ExtraRoute {
  return async (request, response, body, url) => {
    if (!url.pathname.startsWith('/control')) return false;
    const sendJson = (status: number, value: JsonObject): void => {
      response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(value));
    };
    if (request.method === 'GET' && url.pathname === '/control') {
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(page(parts.workspace));
    } else if (request.method === 'GET' && url.pathname === '/control/state') {
      sendJson(200, state(parts));
    } else if (request.method === 'POST' && url.pathname === '/control/say') {
      try {
        sendJson(200, { ok: true, ts: await say(parts, objectOf(parseJson(body.toString()))) });
      } catch (error) {
        sendJson(400, { ok: false, error: error instanceof Error ? error.message : String(error) });
      }
    } else sendJson(404, { ok: false, error: 'not_found' });
    return true;
  };
}

async function say(parts: ControlParts, order: JsonObject): Promise<string> {
  const person = parts.person(parts.workspace.userByEmail(textOf(order['email']))?.id ?? '');
  if (person === undefined) throw new Error('user_not_found');
  const thread = textOf(order['thread']);
  return person.say(textOf(order['channel']), textOf(order['text']), thread === '' ? {} : { thread });
}

function state(parts: ControlParts): JsonObject {
  const { workspace, log } = parts;
  return {
    people: [...workspace.users.values()].map((user) => renderUser(workspace, user, true)),
    channels: [...workspace.channels.values()].map((channel) => ({
      ...renderChannel(workspace, channel),
      members: [...channel.members],
      messages: channel.messages.map((message) =>
        renderMessage(workspace, channel, message, { metadata: true, counts: true }),
      ),
    })),
    unknown: log.unknown,
  };
}

function page(workspace: Workspace): string {
  const sections = [...workspace.channels.values()].map((channel) => section(workspace, channel));
  return `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="3">
<title>${escapeText(workspace.teamName)} (Slack stand-in)</title>
<style>body{font:15px/1.5 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}h2{border-top:1px solid #ccc;padding-top:1rem}
li.reply{margin-left:2rem}small{color:#666}ul{list-style:none;padding:0}</style></head>
<body><h1>${escapeText(workspace.teamName)}</h1>${sections.join('')}</body></html>`;
}

function section(workspace: Workspace, channel: Channel): string {
  const nameOf = (id: string): string => workspace.users.get(id)?.realName ?? id;
  const members = [...channel.members].map(nameOf).join(', ');
  const title = channel.kind === 'im' ? `Direct: ${members}` : `#${channel.name}`;
  const lines = channel.topLevel.flatMap((first) => [first, ...channel.thread(first.ts)]);
  const items = lines.map((message) => {
    const author = message.username ?? nameOf(message.user ?? '');
    const files = message.fileIds.map((id) => workspace.files.get(id)?.name ?? id).join(', ');
    const reply = message.threadTs === undefined ? '' : ' class="reply"';
    const text = message.text.replaceAll('<', '&lt;').replaceAll('\n', '<br>');
    return `<li${reply}><b>${escapeText(author)}</b> <small>${message.ts}</small><br>${text} ${escapeText(files)}</li>`;
  });
  return `<h2>${escapeText(title)}</h2><small>${escapeText(members)} · ${escapeText(channel.topic.value)}</small><ul>${items.join('')}</ul>`;
}
