// /metrics: the process and what stands in the rows, in Prometheus's text format.
import type { RequestHandler } from 'express';
import { Counter, Gauge, Registry, collectDefaultMetrics } from 'prom-client';
import { bearsToken, requireProof } from './auth.ts';
import type { FailureLimit } from './auth.ts';
import type { WebParts } from './parts.ts';

/** Counts by rows are taken anew at most this often, however many ask. */
const FRESH_MS = 5_000;

/** With METRICS_TOKEN set, only for who bears it. Without a database it tells that and the process's own figures. */
export function createMetrics(parts: WebParts, limit: FailureLimit): RequestHandler {
  const { config, clock, log } = parts;
  const process = new Registry();
  collectDefaultMetrics({ register: process });
  let last: { readonly atMs: number; readonly rows: Promise<Registry> } | undefined;
  const rows = (): Promise<Registry> => {
    if (last === undefined || clock.monotonicMs() - last.atMs > FRESH_MS) {
      last = { atMs: clock.monotonicMs(), rows: collect(parts) };
    }
    return last.rows;
  };
  return async (request, response) => {
    const token = config.metricsToken;
    if (token !== undefined) {
      await requireProof(request, { limit, log }, async () => bearsToken(request, token) || undefined);
    }
    const all = Registry.merge([process, await rows()]);
    response
      .set('cache-control', 'no-store')
      .type(all.contentType)
      .send(await all.metrics());
  };
}

async function collect({ store, clock, log, health }: WebParts): Promise<Registry> {
  const registry = new Registry();
  const gauge = (name: string, help: string, labels: readonly string[] = []) =>
    new Gauge({ name: `switchboard_${name}`, help, labelNames: [...labels], registers: [registry] });
  const { phase } = health();
  gauge('ready', '1 while this process is the one at work').set(phase === 'ready' ? 1 : 0);
  const up = gauge('database_up', '1 while the database answers');
  if (phase === 'starting') return registry;
  const { deliveries, inbox, accounts, workspaces, listings } = store.read;
  const rows = await Promise.all([
    deliveries.counts(),
    inbox.waitingCounts(),
    accounts.all(),
    workspaces.all(),
    listings.messageCounts(),
  ]).catch((error: unknown) => {
    log.warn({ err: error }, 'the database does not answer for the metrics');
    return undefined;
  });
  up.set(rows === undefined ? 0 : 1);
  if (rows === undefined) return registry;
  const [byState, waiting, numbers, places, messages] = rows;

  const delivery = gauge('deliveries', 'Deliveries that are not done, by state', ['state']);
  for (const { state, count } of byState) delivery.set({ state }, count);
  const oldest = byState
    .filter(({ state }) => state === 'queued' || state === 'sending')
    .flatMap(({ oldestAt }) => (oldestAt === null ? [] : [oldestAt.getTime()]));
  const ageMs = oldest.length === 0 ? 0 : Math.max(0, clock.now().getTime() - Math.min(...oldest));
  gauge('delivery_oldest_waiting_seconds', 'How long the oldest waiting delivery has waited').set(ageMs / 1000);

  const inboxes = gauge('inbox_waiting', 'What arrived and is not recorded yet', ['inbox']);
  inboxes.set({ inbox: 'messenger' }, waiting.arrivals);
  inboxes.set({ inbox: 'workspaces' }, waiting.heard);

  const account = gauge('accounts', 'Numbers by state', ['state']);
  for (const { state } of numbers) account.inc({ state });
  const workspace = gauge('workspaces', 'Workspaces by platform and state', ['platform', 'state']);
  for (const { platform, state } of places) workspace.inc({ platform, state });

  const message = new Counter({
    name: 'switchboard_messages_total',
    help: 'Messages recorded, notes left out, by direction',
    labelNames: ['direction'],
    registers: [registry],
  });
  for (const { direction, count } of messages) message.inc({ direction }, count);
  return registry;
}
