// views.*: modals and the home tab.
import { checkView } from '../blocks.ts';
import type { JsonObject } from '../json.ts';
import { renderView } from '../render.ts';
import type { View } from '../types.ts';
import { isStackFull, replaceContent, setHome, showModal } from '../views.ts';
import { Refusal } from './call.ts';
import type { Call, Method } from './call.ts';

export const viewMethods: Readonly<Record<string, Method>> = {
  'views.open': { token: 'bot', scopes: [], tier: 4, run: (call) => show(call, false) },
  'views.push': { token: 'bot', scopes: [], tier: 4, run: (call) => show(call, true) },
  'views.update': { token: 'bot', scopes: [], tier: 4, run: update },
  'views.publish': { token: 'bot', scopes: [], tier: 4, run: publish },
};

function show(call: Call, push: boolean): JsonObject {
  const { workspace, args } = call;
  const content = contentOf(call);
  const used = call.interactions.useTrigger(args.required('trigger_id'));
  if (typeof used === 'string') throw new Refusal(used);
  if (push && isStackFull(workspace, used.user)) throw new Refusal('push_limit_reached');
  return { view: renderView(workspace, showModal(workspace, used.user, content, push)) };
}

function update(call: Call): JsonObject {
  const { workspace, args } = call;
  const content = contentOf(call);
  const view = existing(call);
  if (args.has('hash') && args.text('hash') !== view.hash) throw new Refusal('hash_conflict');
  replaceContent(workspace, view, content);
  return { view: renderView(workspace, view) };
}

function publish(call: Call): JsonObject {
  const { workspace, args } = call;
  const content = contentOf(call);
  const user = workspace.users.get(args.required('user_id'));
  if (user === undefined) throw new Refusal('user_not_found');
  return { view: renderView(workspace, setHome(workspace, user.id, content)) };
}

function existing(call: Call): View {
  const { workspace, args } = call;
  const externalId = args.text('external_id');
  const view =
    externalId === ''
      ? workspace.views.get(args.required('view_id'))
      : [...workspace.views.values()].find((other) => other.externalId === externalId);
  if (view === undefined || !view.open) throw new Refusal('not_found');
  return view;
}

function contentOf(call: Call): JsonObject {
  const view = call.args.object('view');
  if (view === undefined) throw new Refusal('invalid_arguments');
  const errors = checkView(view, call.workspace.files);
  if (errors.length > 0) {
    throw new Refusal('invalid_arguments', {
      response_metadata: { messages: errors.map((error) => `[ERROR] ${error}`) },
    });
  }
  return view;
}
