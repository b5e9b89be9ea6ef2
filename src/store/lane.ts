// Lane: the Deliveries to one destination that must keep their order; and what a Delivery may be asked to do.
import { defineEntity, p } from '@mikro-orm/postgresql';
import type {
  AccountId,
  AgentId,
  ChannelId,
  ChatId,
  MessageId,
  MirrorId,
  PostId,
  RemoteId,
  UserId,
  WorkspaceId,
} from '../domain/ids.ts';
import type { Notice } from '../domain/notice.ts';
import type { TicketId } from '../domain/ticket.ts';
import type { DigestId } from './digest.ts';

/** `live`: strictly in order. `status`: lines and ticks, which may come a little later. `history`: gives way to both. */
export type LaneClass = 'live' | 'status' | 'history';
/** To a workspace: make the channel show a Message, its reactions, the line under it, a Ticket's card; give it its name and topic, or a place of its own, and close the one before; post a Digest; tell a Notice. By mail: an invitation. To a messenger: the rest. */
export type DeliveryTask =
  | { readonly kind: 'show' | 'reactions' | 'line'; readonly messageId: MessageId; readonly mirrorId: MirrorId }
  | { readonly kind: 'describe' | 'promote'; readonly mirrorId: MirrorId }
  | { readonly kind: 'retire'; readonly mirrorId: MirrorId; readonly channelId: ChannelId }
  | { readonly kind: 'card'; readonly ticketId: TicketId; readonly mirrorId: MirrorId }
  | { readonly kind: 'digest'; readonly digestId: DigestId; readonly workspaceId: WorkspaceId }
  | {
      readonly kind: 'notice';
      readonly workspaceId: WorkspaceId;
      readonly notice: Notice;
      readonly mirrorId?: MirrorId;
      readonly threadId?: PostId;
      readonly userId?: UserId;
    }
  | { readonly kind: 'invite'; readonly agentId: AgentId; readonly by: string }
  | { readonly kind: 'send'; readonly messageId: MessageId }
  | { readonly kind: 'amend' | 'revoke' | 'react'; readonly messageId: MessageId; readonly remoteId: RemoteId }
  | { readonly kind: 'read'; readonly chatId: ChatId };

/** Where a lane leads: waking and pausing go by it. */
export type LaneTarget = `account:${AccountId}` | `workspace:${WorkspaceId}` | 'mail';

export interface LaneName {
  readonly target: LaneTarget;
  readonly class: LaneClass;
  /** The Chat or Mirror (or the Workspace's notices, or the invited Agent) whose order it keeps. */
  readonly of: string;
}

export const LaneEntity = defineEntity({
  name: 'Lane',
  tableName: 'lane',
  properties: {
    id: p.bigint('string').primary().autoincrement(),
    key: p.text().unique('lane_key'),
    target: p.text().$type<LaneTarget>().index('lane_target'),
    class: p.text().$type<LaneClass>(),
    nextSeq: p.bigint('number').default(1),
    /** Deliveries neither settled nor given up. */
    waiting: p.integer().default(0),
    nextAt: p.datetime(),
    /** The lease's fence of the process that works on it. */
    fence: p.bigint('string').nullable(),
    /** Failures of its head since it last moved. */
    attempts: p.integer().default(0),
    lastError: p.text().nullable(),
  },
  indexes: [{ name: 'lane_due', expression: 'create index "lane_due" on "lane" ("next_at") where "waiting" > 0' }],
});

export interface Lane {
  readonly id: string;
  readonly key: string;
  readonly target: LaneTarget;
  readonly class: LaneClass;
  readonly attempts: number;
}

export const laneKey = (name: LaneName) => `${name.class}:${name.target}:${name.of}`;

/** What makes two tasks of a status lane the same. */
export function subjectOf(task: DeliveryTask): string {
  switch (task.kind) {
    case 'show':
    case 'reactions':
    case 'line':
      return `${task.kind}:${task.messageId}:${task.mirrorId}`;
    case 'card':
      return `card:${task.ticketId}:${task.mirrorId}`;
    case 'describe':
    case 'promote':
      return `${task.kind}:${task.mirrorId}`;
    case 'retire':
      return `retire:${task.mirrorId}:${task.channelId}`;
    case 'digest':
      return `digest:${task.digestId}`;
    case 'notice':
      return 'notice';
    case 'invite':
      return `invite:${task.agentId}`;
    case 'send':
      return `send:${task.messageId}`;
    case 'amend':
    case 'revoke':
    case 'react':
      return `${task.kind}:${task.messageId}:${task.remoteId}`;
    case 'read':
      return `read:${task.chatId}`;
  }
}

/** Tasks that read the present state when they're carried out, so that one waiting is enough. */
export const isOfState = ({ kind }: DeliveryTask): boolean =>
  kind === 'describe' ||
  kind === 'promote' ||
  kind === 'show' ||
  kind === 'reactions' ||
  kind === 'line' ||
  kind === 'card' ||
  kind === 'read' ||
  kind === 'invite';
