// Notices of access: a refusal, a welcome or a problem becomes a Delivery in the Workspace's lane of notices.
import type { MirrorId, UserId, WorkspaceId } from '../domain/ids.ts';
import type { Notice } from '../domain/notice.ts';
import type { Tx } from '../store/store.ts';

/** To one person (`userId`; about a channel when `mirrorId` is there too), or to the admins of the Workspace when nobody is named. */
export async function tell(
  tx: Tx,
  workspaceId: WorkspaceId,
  notice: Notice,
  to: { readonly userId?: UserId; readonly mirrorId?: MirrorId },
  now: Date,
): Promise<void> {
  await tx.deliveries.enqueue(
    { target: `workspace:${workspaceId}`, class: 'live', of: 'notices' },
    { kind: 'notice', workspaceId, notice, ...to },
    {},
    now,
  );
}
