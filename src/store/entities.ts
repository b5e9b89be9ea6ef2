// Every entity of the store, in the order that their tables can be made.
import { AccountEntity } from './account.ts';
import { AgentEntity, IdentityEntity } from './agent.ts';
import { AuditEntity } from './audit.ts';
import { ChatAddressEntity, ChatEntity } from './chat.ts';
import { ContactAddressEntity, ContactEntity } from './contact.ts';
import { DeliveryEntity, LaneEntity } from './delivery.ts';
import { ArrivalEntity, HeardEntity } from './inbox.ts';
import { MessageEntity, WaitingEntity } from './message.ts';
import { MirrorEntity, MirrorUserEntity } from './mirror.ts';
import { PostEntity } from './post.ts';
import { ReactionEntity, VoteEntity } from './reaction.ts';
import { SentEntity, SessionEntity } from './session.ts';
import { LeaseEntity, SettingEntity } from './setting.ts';
import { WorkspaceEntity } from './workspace.ts';

export const entities = [
  SettingEntity,
  LeaseEntity,
  AccountEntity,
  SessionEntity,
  SentEntity,
  ArrivalEntity,
  WorkspaceEntity,
  HeardEntity,
  ContactEntity,
  ContactAddressEntity,
  AgentEntity,
  IdentityEntity,
  ChatEntity,
  ChatAddressEntity,
  MirrorEntity,
  MirrorUserEntity,
  MessageEntity,
  WaitingEntity,
  ReactionEntity,
  VoteEntity,
  PostEntity,
  LaneEntity,
  DeliveryEntity,
  AuditEntity,
] as const;
