// Modals and home tabs: what the app put on a person's screen.
import { randomUUID } from 'node:crypto';
import type { JsonObject } from './json.ts';
import type { Workspace } from './state.ts';
import type { View } from './types.ts';

/** Slack's cap of modals on top of each other. */
const MAX_STACK = 3;

/** The modals a person has open, bottom first. */
export function openModals(workspace: Workspace, user: string): View[] {
  return [...workspace.views.values()].filter(
    (view) => view.user === user && view.open && view.content['type'] === 'modal',
  );
}

/** Whether another modal may be put on top. */
export function isStackFull(workspace: Workspace, user: string): boolean {
  return openModals(workspace, user).length >= MAX_STACK;
}

/** Shows a new modal: on top of the open ones (`push`) or in place of them. */
export function showModal(workspace: Workspace, user: string, content: JsonObject, push: boolean): View {
  const open = openModals(workspace, user);
  if (!push) for (const view of open) view.open = false;
  const below = push ? open.at(-1) : undefined;
  return addView(workspace, user, content, below);
}

/** Sets a person's home tab. */
export function setHome(workspace: Workspace, user: string, content: JsonObject): View {
  const home = homeOf(workspace, user);
  if (home === undefined) return addView(workspace, user, content, undefined);
  replaceContent(workspace, home, content);
  return home;
}

/** The home tab of a person, once set. */
export function homeOf(workspace: Workspace, user: string): View | undefined {
  return [...workspace.views.values()].find((view) => view.user === user && view.content['type'] === 'home');
}

/** Changes what a view shows; its hash changes with it. */
export function replaceContent(workspace: Workspace, view: View, content: JsonObject): void {
  view.content = content;
  view.hash = newHash(workspace);
}

function addView(workspace: Workspace, user: string, content: JsonObject, below: View | undefined): View {
  const id = workspace.newId('V');
  const externalId = content['external_id'];
  const view: View = {
    id,
    user,
    rootId: below?.rootId ?? id,
    previousId: below?.id,
    hash: newHash(workspace),
    externalId: typeof externalId === 'string' && externalId !== '' ? externalId : undefined,
    content,
    open: true,
  };
  workspace.views.set(id, view);
  return view;
}

function newHash(workspace: Workspace): string {
  return `${workspace.seconds()}.${randomUUID().slice(0, 8)}`;
}
