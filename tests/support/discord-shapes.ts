// What Discord takes, answers and tells, in the types it's documented by: what a test run recorded is compiled against these.
import type {
  APIChannel,
  APIThreadMember,
  ApplicationFlags,
  AttachmentFlags,
  ChannelFlags,
  ChannelType,
  GatewayDispatchPayload,
  GatewayThreadMembersUpdateDispatchData,
  GuildMemberFlags,
  GuildSystemChannelFlags,
  MessageFlags,
  RESTDeleteAPIChannelMessageOwnReactionResult,
  RESTDeleteAPIChannelMessageResult,
  RESTDeleteAPIChannelPermissionResult,
  RESTDeleteAPIChannelThreadMembersResult,
  RESTError,
  RESTGetAPIApplicationGuildCommandsResult,
  RESTGetAPIChannelMessageResult,
  RESTGetAPIChannelMessagesQuery,
  RESTGetAPIChannelMessagesResult,
  RESTGetAPIChannelResult,
  RESTGetAPIChannelThreadMembersResult,
  RESTGetAPIChannelThreadsArchivedPrivateResult,
  RESTGetAPIChannelThreadsArchivedPublicResult,
  RESTGetAPIChannelThreadsArchivedQuery,
  RESTGetAPIChannelWebhooksResult,
  RESTGetAPICurrentUserResult,
  RESTGetAPIGatewayBotResult,
  RESTGetAPIGuildMemberResult,
  RESTGetAPIGuildMembersQuery,
  RESTGetAPIGuildMembersResult,
  RESTGetAPIGuildResult,
  RESTGetAPIGuildRolesResult,
  RESTGetAPIGuildThreadsResult,
  RESTGetAPIUserResult,
  RESTGetCurrentApplicationResult,
  RESTPatchAPIChannelJSONBody,
  RESTPatchAPIChannelMessageJSONBody,
  RESTPatchAPIChannelMessageResult,
  RESTPatchAPIChannelResult,
  RESTPatchAPIWebhookWithTokenMessageJSONBody,
  RESTPatchAPIWebhookWithTokenMessageQuery,
  RESTPatchAPIWebhookWithTokenMessageResult,
  RESTPostAPIChannelMessageJSONBody,
  RESTPostAPIChannelMessageResult,
  RESTPostAPIChannelThreadsJSONBody,
  RESTPostAPIChannelThreadsResult,
  RESTPostAPIChannelWebhookJSONBody,
  RESTPostAPIChannelWebhookResult,
  RESTPostAPICurrentUserCreateDMChannelJSONBody,
  RESTPostAPICurrentUserCreateDMChannelResult,
  RESTPostAPIGuildChannelJSONBody,
  RESTPostAPIGuildChannelResult,
  RESTPostAPIInteractionCallbackJSONBody,
  RESTPostAPIInteractionCallbackQuery,
  RESTPostAPIInteractionCallbackResult,
  RESTPostAPIInteractionCallbackWithResponseResult,
  RESTPostAPIInteractionFollowupJSONBody,
  RESTPostAPIInteractionFollowupResult,
  RESTPostAPIWebhookWithTokenJSONBody,
  RESTPostAPIWebhookWithTokenQuery,
  RESTPostAPIWebhookWithTokenWaitResult,
  RESTPutAPIApplicationGuildCommandsJSONBody,
  RESTPutAPIApplicationGuildCommandsResult,
  RESTPutAPIChannelMessageReactionResult,
  RESTPutAPIChannelPermissionJSONBody,
  RESTPutAPIChannelPermissionResult,
  RESTPutAPIChannelThreadMembersResult,
  RESTRateLimit,
  RoleFlags,
  ThreadMemberFlags,
  UserFlags,
} from 'discord-api-types/v10';

/** Enums whose members are added up: on the wire any sum of them. */
type Flags =
  | ApplicationFlags
  | AttachmentFlags
  | ChannelFlags
  | GuildMemberFlags
  | GuildSystemChannelFlags
  | MessageFlags
  | RoleFlags
  | ThreadMemberFlags
  | UserFlags;

/** A type as literals of JSON have it: the texts of text enums, sums of flags, numbers of numbered enums as they are. */
type OnWire<Type> = unknown extends Type
  ? Type
  : Type extends Flags
    ? number
    : Type extends string
      ? `${Type}`
      : Type extends object
        ? { [Field in keyof Type]: OnWire<Type[Field]> }
        : Type;

/** Parameters of an address: texts, whatever they are in the type. */
type InAddress<Query> = {
  [Field in keyof Query]: Query[Field] extends infer Value
    ? Value extends number | boolean
      ? `${Value}`
      : Value
    : never;
};

/** A call without parameters, a body, or both, says so with `never`. */
interface Call<Query, Body, Answer> {
  query: InAddress<Query>;
  body: OnWire<Body>;
  answer: OnWire<Answer>;
}

/** What has no parameters. */
type None = Record<string, never>;

/** Every call the adapter makes, by the name of its operation in Discord's OpenAPI document. */
interface Calls {
  add_my_message_reaction: Call<None, never, RESTPutAPIChannelMessageReactionResult>;
  add_thread_member: Call<None, never, RESTPutAPIChannelThreadMembersResult>;
  bulk_set_guild_application_commands: Call<
    None,
    RESTPutAPIApplicationGuildCommandsJSONBody,
    RESTPutAPIApplicationGuildCommandsResult
  >;
  create_dm: Call<None, RESTPostAPICurrentUserCreateDMChannelJSONBody, RESTPostAPICurrentUserCreateDMChannelResult>;
  create_guild_channel: Call<None, RESTPostAPIGuildChannelJSONBody, RESTPostAPIGuildChannelResult>;
  create_interaction_response: Call<
    RESTPostAPIInteractionCallbackQuery,
    RESTPostAPIInteractionCallbackJSONBody,
    RESTPostAPIInteractionCallbackResult | RESTPostAPIInteractionCallbackWithResponseResult
  >;
  create_message: Call<None, RESTPostAPIChannelMessageJSONBody, RESTPostAPIChannelMessageResult>;
  create_thread: Call<None, RESTPostAPIChannelThreadsJSONBody, RESTPostAPIChannelThreadsResult>;
  create_webhook: Call<None, RESTPostAPIChannelWebhookJSONBody, RESTPostAPIChannelWebhookResult>;
  delete_channel_permission_overwrite: Call<None, never, RESTDeleteAPIChannelPermissionResult>;
  delete_message: Call<None, never, RESTDeleteAPIChannelMessageResult>;
  delete_my_message_reaction: Call<None, never, RESTDeleteAPIChannelMessageOwnReactionResult>;
  delete_thread_member: Call<None, never, RESTDeleteAPIChannelThreadMembersResult>;
  execute_webhook: Call<
    RESTPostAPIWebhookWithTokenQuery,
    RESTPostAPIWebhookWithTokenJSONBody,
    RESTPostAPIWebhookWithTokenWaitResult
  >;
  /** `execute_webhook` of an interaction. */
  follow_up: Call<None, RESTPostAPIInteractionFollowupJSONBody, RESTPostAPIInteractionFollowupResult>;
  get_active_guild_threads: Call<None, never, RESTGetAPIGuildThreadsResult>;
  get_channel: Call<None, never, RESTGetAPIChannelResult>;
  get_guild: Call<None, never, RESTGetAPIGuildResult>;
  get_guild_member: Call<None, never, RESTGetAPIGuildMemberResult>;
  get_message: Call<None, never, RESTGetAPIChannelMessageResult>;
  get_my_application: Call<None, never, RESTGetCurrentApplicationResult>;
  get_my_user: Call<None, never, RESTGetAPICurrentUserResult>;
  get_user: Call<None, never, RESTGetAPIUserResult>;
  list_channel_webhooks: Call<None, never, RESTGetAPIChannelWebhooksResult>;
  list_guild_application_commands: Call<None, never, RESTGetAPIApplicationGuildCommandsResult>;
  /** The SDK's own call, before it connects. */
  get_bot_gateway: Call<None, never, RESTGetAPIGatewayBotResult>;
  /** The type of the list leaves out what channels of one kind have. */
  list_guild_channels: Call<None, never, Exclude<APIChannel, { type: ChannelType.DM | ChannelType.GroupDM }>[]>;
  list_guild_members: Call<RESTGetAPIGuildMembersQuery, never, RESTGetAPIGuildMembersResult>;
  list_guild_roles: Call<None, never, RESTGetAPIGuildRolesResult>;
  list_messages: Call<RESTGetAPIChannelMessagesQuery, never, RESTGetAPIChannelMessagesResult>;
  list_private_archived_threads: Call<
    RESTGetAPIChannelThreadsArchivedQuery,
    never,
    RESTGetAPIChannelThreadsArchivedPrivateResult
  >;
  list_public_archived_threads: Call<
    RESTGetAPIChannelThreadsArchivedQuery,
    never,
    RESTGetAPIChannelThreadsArchivedPublicResult
  >;
  list_thread_members: Call<None, never, RESTGetAPIChannelThreadMembersResult>;
  set_channel_permission_overwrite: Call<None, RESTPutAPIChannelPermissionJSONBody, RESTPutAPIChannelPermissionResult>;
  update_channel: Call<None, RESTPatchAPIChannelJSONBody, RESTPatchAPIChannelResult>;
  update_message: Call<None, RESTPatchAPIChannelMessageJSONBody, RESTPatchAPIChannelMessageResult>;
  update_webhook_message: Call<
    RESTPatchAPIWebhookWithTokenMessageQuery,
    RESTPatchAPIWebhookWithTokenMessageJSONBody,
    RESTPatchAPIWebhookWithTokenMessageResult
  >;
}

type EventName = `${GatewayDispatchPayload['t']}`;

type Told<Name extends string> = GatewayDispatchPayload extends infer Payload
  ? Payload extends { t: infer Names extends string; d: infer Data }
    ? Name extends `${Names}`
      ? Data
      : never
    : never
  : never;

/** All shapes by name. */
export interface DiscordShapes {
  call: Calls;
  /** What a refused call is answered. */
  refusal: RESTError | RESTRateLimit;
  event: { [Name in Exclude<EventName, 'THREAD_MEMBERS_UPDATE'>]: OnWire<Told<Name>> } & {
    /** Documented, but not in the type: who was added comes with their presence, which is null without its intent. */
    THREAD_MEMBERS_UPDATE: OnWire<Omit<GatewayThreadMembersUpdateDispatchData, 'added_members'>> & {
      added_members?: OnWire<APIThreadMember & { presence: null }>[];
    };
  };
}
