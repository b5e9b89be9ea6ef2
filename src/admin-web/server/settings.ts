// What the pages may change that is nobody else's: a number's name and signature, a chat's send mode, and whether its person is a colleague. Each with its audit row.
import type { AccountId, ChatId, ContactId } from '../../domain/ids.ts';
import type { Clock } from '../../runtime/time.ts';
import type { By } from '../../store/audit.ts';
import type { ChatMode } from '../../store/chat.ts';
import type { Store } from '../../store/store.ts';

interface SettingsParts {
  readonly store: Store;
  readonly clock: Clock;
}

/** Changes what is given; false when the Account isn't there. */
export function changeAccount(
  { store, clock }: SettingsParts,
  id: AccountId,
  change: { readonly name?: string | undefined; readonly signature?: boolean | undefined },
  by: By,
): Promise<boolean> {
  return store.transaction(async (tx) => {
    if ((await tx.accounts.find(id)) === undefined) return false;
    if (change.name !== undefined) await tx.accounts.rename(id, change.name);
    if (change.signature !== undefined) await tx.accounts.setSignature(id, change.signature);
    await tx.audit.add({ ...by, action: 'account.change', detail: { accountId: id, ...change }, at: clock.now() });
    return true;
  });
}

/** Is a Chat's person a colleague? Colleagues wait for nobody: what they said is counted anew. */
export function setInternal(
  { store, clock }: SettingsParts,
  { chatId, contactId }: { readonly chatId: ChatId; readonly contactId: ContactId },
  internal: boolean,
  by: By,
): Promise<void> {
  return store.transaction(async (tx) => {
    const contact = await tx.contacts.find(contactId);
    if (contact === undefined || contact.internal === internal) return;
    await tx.contacts.setInternal(contactId, internal);
    for (const chat of await tx.episodes.chatsOf(contactId)) await tx.episodes.recount(chat);
    await tx.audit.add({
      ...by,
      action: 'contact.internal',
      chatId,
      detail: { contactId, internal },
      at: clock.now(),
    });
  });
}

/** False when the Chat isn't there. */
export function setChatMode({ store, clock }: SettingsParts, id: ChatId, mode: ChatMode, by: By): Promise<boolean> {
  return store.transaction(async (tx) => {
    const chat = await tx.chats.find(id);
    if (chat === undefined) return false;
    await tx.chats.setMode(id, mode);
    await tx.audit.add({
      ...by,
      action: 'chat.mode',
      chatId: id,
      detail: { from: chat.mode, to: mode },
      at: clock.now(),
    });
    return true;
  });
}
