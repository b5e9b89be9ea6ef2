// Every entity of the store, in the order that their tables can be made.
import { AccountEntity } from './account.ts';
import { AgentEntity, IdentityEntity } from './agent.ts';
import { AuditEntity } from './audit.ts';
import { ChatAddressEntity, ChatEntity } from './chat.ts';
import { ContactAddressEntity, ContactEntity } from './contact.ts';
import { DeliveryEntity } from './delivery.ts';
import { DigestEntity, DigestScheduleEntity } from './digest.ts';
import { EpisodeEntity } from './episode.ts';
import { GapEntity } from './gap.ts';
import { ChatGrantEntity, LabelGrantEntity } from './grant.ts';
import { IdempotencyEntity } from './idempotency.ts';
import { ArrivalEntity, HeardEntity } from './inbox.ts';
import { InvitationEntity } from './invitation.ts';
import { ChatLabelEntity, LabelEntity } from './label.ts';
import { LaneEntity } from './lane.ts';
import { LoginEntity, LoginLinkEntity } from './login.ts';
import { MessageEntity, WaitingEntity } from './message.ts';
import { MirrorEntity, MirrorUserEntity } from './mirror.ts';
import { PostEntity } from './post.ts';
import { QuickReplyEntity } from './quick-reply.ts';
import { ReactionEntity, VoteEntity } from './reaction.ts';
import { SentEntity, SessionEntity } from './session.ts';
import { LeaseEntity, SettingEntity } from './setting.ts';
import { SignInLinkEntity } from './sign-in-link.ts';
import { TicketEntity, TicketPostEntity, TicketStepEntity } from './ticket.ts';
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
  LabelEntity,
  ChatLabelEntity,
  ChatGrantEntity,
  LabelGrantEntity,
  InvitationEntity,
  MirrorEntity,
  MirrorUserEntity,
  MessageEntity,
  WaitingEntity,
  ReactionEntity,
  VoteEntity,
  PostEntity,
  LaneEntity,
  DeliveryEntity,
  EpisodeEntity,
  TicketEntity,
  TicketStepEntity,
  TicketPostEntity,
  DigestScheduleEntity,
  DigestEntity,
  AuditEntity,
  IdempotencyEntity,
  QuickReplyEntity,
  SignInLinkEntity,
  GapEntity,
  LoginLinkEntity,
  LoginEntity,
] as const;
