// /healthz and /readyz: is the process alive, is it the one at work, and how do its numbers and workspaces stand.
import type { RequestHandler } from 'express';
import { Problem } from './errors.ts';
import type { WebParts } from './parts.ts';

const LONGEST_PING_MS = 2_000;

export const alive: RequestHandler = (_request, response) => {
  response.json({ status: 'ok' });
};

/**
 * Answers `{status, database, accounts, workspaces}`: 503 while starting, stopping, standing by or without database, else 200. A number that is
 * logged out or a workspace that is down is told, but doesn't make us unready: a restart wouldn't help.
 */
export function createReadiness(parts: WebParts): RequestHandler {
  return async (_request, response) => {
    const { phase } = parts.health();
    const seen = phase === 'starting' ? undefined : await look(parts);
    const status = phase === 'ready' && seen === undefined ? 'no_database' : phase;
    response.status(status === 'ready' ? 200 : 503).json({
      status,
      database: phase === 'starting' ? 'unknown' : seen === undefined ? 'unreachable' : 'ok',
      accounts: seen?.accounts ?? [],
      workspaces: seen?.workspaces ?? [],
    });
  };
}

interface Standing {
  readonly accounts: readonly { readonly id: string; readonly state: string }[];
  readonly workspaces: readonly { readonly id: string; readonly state: string }[];
}

/** Undefined when the database gives no answer in time. */
async function look({ store, clock, log }: WebParts): Promise<Standing | undefined> {
  const answered = new AbortController();
  const limit = clock.sleep(LONGEST_PING_MS, answered.signal).then(() => undefined);
  const asked = read(store)
    .catch((error: unknown) => {
      log.warn({ err: error }, 'the database does not answer for the readiness check');
      return undefined;
    })
    .finally(() => answered.abort());
  const first = await Promise.race([asked, limit]);
  return first ?? (answered.signal.aborted ? asked : undefined);
}

async function read(store: WebParts['store']): Promise<Standing> {
  const [accounts, workspaces] = await Promise.all([store.read.accounts.all(), store.read.workspaces.all()]);
  const short = ({ id, state }: { id: string; state: string }) => ({ id, state });
  return { accounts: accounts.map(short), workspaces: workspaces.map(short) };
}

/** Lets requests pass only while this process is the one at work. */
export function requireReady(parts: WebParts): RequestHandler {
  return (_request, _response, next) => {
    const { phase } = parts.health();
    if (phase === 'ready') {
      next();
      return;
    }
    const reason =
      phase === 'standing_by' ? 'Another process is at work; this one stands by.' : `The program is ${phase}.`;
    throw new Problem(503, reason, { headers: { 'retry-after': '5' } });
  };
}
