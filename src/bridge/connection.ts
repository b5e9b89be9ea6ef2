// Connection events of Accounts and Workspaces → their recorded state, and a Notice when a person must act.
import type { MessengerEvent, Problem, WorkspaceState } from '../domain/events.ts';
import type { WorkspaceId } from '../domain/ids.ts';
import type { WorkspaceIdentity } from '../platforms/platform.ts';
import type { Log } from '../runtime/log.ts';
import type { Clock } from '../runtime/time.ts';
import type { Store } from '../store/store.ts';
import { noticeLane } from './lanes.ts';

export interface ConnectionParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
}

/** Records how an Account's link stands. A connected one's lanes go on at once. */
export async function recordAccountState(
  { store, clock, log }: ConnectionParts,
  event: Extract<MessengerEvent, { kind: 'connection' }>,
): Promise<void> {
  await store.transaction(async (tx) => {
    const now = clock.now();
    const before = await tx.accounts.find(event.account);
    if (before === undefined) return;
    await tx.accounts.setState(event.account, {
      state: event.state,
      stateText: event.reason ?? null,
      phone: event.phone,
      at: now,
    });
    if (event.state === 'connected') await tx.deliveries.wake(`account:${event.account}`, now);
    if (before.state === event.state) return;
    log.info({ accountId: event.account, state: event.state }, 'the state of a number changed');
    if (event.state !== 'logged_out' && event.state !== 'limited') return;
    for (const workspace of await tx.workspaces.all()) {
      const isOut = event.state === 'logged_out';
      await tx.deliveries.enqueue(
        noticeLane(workspace.id),
        {
          kind: 'notice',
          workspaceId: workspace.id,
          notice: {
            kind: 'problem',
            sentence: isOut
              ? `WhatsApp logged out the number “${before.name}”: messages neither come nor go until it is linked again.`
              : `WhatsApp limits the number “${before.name}” at the moment: ${event.reason ?? 'sending may be refused'}.`,
            fix: isOut
              ? 'Link it again on the Numbers page or with /wa number pair.'
              : 'Send less for some hours; replies wait and are not lost.',
          },
        },
        {},
        now,
      );
    }
  });
}

/** Records how a Workspace's connection stands. A connected one's lanes go on at once. */
export async function recordWorkspaceState(
  { store, clock, log }: ConnectionParts,
  workspaceId: WorkspaceId,
  state: WorkspaceState,
  detail: { readonly identity?: WorkspaceIdentity; readonly problem?: Problem },
): Promise<void> {
  await store.transaction(async (tx) => {
    await tx.workspaces.setState(workspaceId, state, detail.problem ?? null);
    if (detail.identity !== undefined) await tx.workspaces.setIdentity(workspaceId, detail.identity);
    if (state === 'connected') await tx.deliveries.wake(`workspace:${workspaceId}`, clock.now());
  });
  const fields = { workspaceId, state, problem: detail.problem?.what };
  if (state === 'refused') log.error(fields, 'a workspace refuses us');
  else log.info(fields, 'the state of a workspace changed');
}
