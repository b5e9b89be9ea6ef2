// What a viewer sees: asked of Access with every request, so that a change counts at once.
import type { ChatId } from '../../domain/ids.ts';
import type { ListedChat, Scope } from '../../store/listing.ts';
import { notFound } from './errors.ts';
import type { Viewer, WebParts } from './parts.ts';
import { asRowId } from './route.ts';

/** An admin sees every Chat, and so does the admin's token. */
export async function scopeOf({ access }: WebParts, viewer: Viewer): Promise<Scope> {
  if (viewer.agentId !== null) return access.scopeOf(viewer.agentId);
  return viewer.role === 'admin' ? 'all' : new Set();
}

/** The Chat of a path; a Chat that the viewer doesn't see is not there. */
export async function visibleChat(parts: WebParts, viewer: Viewer, id: string | undefined): Promise<ListedChat> {
  const chatId = asRowId<ChatId>(id);
  if (chatId === undefined) throw notFound('chat');
  const scope = await scopeOf(parts, viewer);
  const isVisible = scope === 'all' || scope.has(chatId);
  const chat = isVisible ? await parts.store.read.listings.chat(chatId) : undefined;
  if (chat === undefined) throw notFound('chat');
  return chat;
}
