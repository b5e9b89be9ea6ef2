// The ids that travel through every road: branded strings, so that one kind can never be passed for another.
declare const brand: unique symbol;
type Brand<B extends string> = string & { readonly [brand]: B };

/** Rows of our own database. */
export type AccountId = Brand<'Account'>;
export type WorkspaceId = Brand<'Workspace'>;
export type ChatId = Brand<'Chat'>;
export type ContactId = Brand<'Contact'>;
export type MirrorId = Brand<'Mirror'>;
export type MessageId = Brand<'Message'>;
export type DeliveryId = Brand<'Delivery'>;
export type AgentId = Brand<'Agent'>;

/** A chat's address on the messenger's side, in its one canonical form. Made and parsed by the messenger adapter's `ids.ts` only. */
export type ChatAddress = Brand<'ChatAddress'>;
/** A person's address on the messenger's side, in its canonical form. Made and parsed by the messenger adapter only. */
export type PersonAddress = Brand<'PersonAddress'>;
/** The messenger's id of one message. Unique only together with its chat, its author and its direction. */
export type RemoteId = Brand<'RemoteId'>;
/** The messenger's own reference to a file: all that `openMedia` needs, as one opaque string (it may hold keys: never log it). */
export type MediaRef = Brand<'MediaRef'>;

/** A channel (or private thread used as one) of a Workspace. */
export type ChannelId = Brand<'Channel'>;
/** One post in a Workspace: enough to find it again, its channel included. Of two posts in one place, the later has the greater id, as text. */
export type PostId = Brand<'Post'>;
/** A person in a Workspace. */
export type UserId = Brand<'User'>;
/** A file in a Workspace: enough for `openFile`. */
export type FileRef = Brand<'File'>;
/** Ours, put on what we post so that a repeat is recognised. At most 25 characters of [0-9A-Za-z]. */
export type DeliveryKey = Brand<'DeliveryKey'>;

/** Brands a string that an owner of that kind (a row, an adapter's `ids.ts`) has made. */
export const as = <T extends string>(value: string): T => value as T;
