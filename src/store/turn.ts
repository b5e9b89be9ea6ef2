// Whose turn it is to write: a process that was paused while another one took over changes nothing when it wakes up.
import { CompiledQuery, type KyselyPlugin, type PluginTransformQueryArgs, type PluginTransformResultArgs, type QueryResult, type RootOperationNode, type UnknownRow } from 'kysely'; // prettier-ignore
import { BridgeError } from '../domain/errors.ts';
import type { Lease } from '../runtime/lease.ts';
import type { Db } from './db.ts';

/** The turn of this process. */
export type Turn = Pick<Lease, 'valid' | 'confirm'>;

const CHANGES: ReadonlySet<string> = new Set([
  'InsertQueryNode',
  'UpdateQueryNode',
  'DeleteQueryNode',
  'MergeQueryNode',
]);

function lost(): BridgeError {
  return new BridgeError('unreachable', 'not written: another process may be at work', {
    sentence: 'Switchboard is changing over to another process. Please try again in a moment.',
    retry: 'later',
    // What it was to record has happened perhaps.
    certain: false,
  });
}

/**
 * To be asked as the last thing in a transaction; rejects when another process took over, so that nothing of it stays. After a time without the
 * database we can't know by ourselves: then it tells, and nobody takes over until the transaction has ended.
 */
export async function assertTurn(turn: Turn | undefined, db: Db): Promise<void> {
  if (turn === undefined || turn.valid()) return;
  const isOurs = await turn.confirm(async (text, parameters) => {
    const { rows } = await db.executeQuery<Record<string, unknown>>(CompiledQuery.raw(text, [...parameters]));
    return rows;
  });
  if (!isOurs) throw lost();
}

/**
 * The same for statements that are transactions of their own: refused while we don't know. Of those written as SQL, the claiming of lanes bears the
 * fence, and the others are marks that anybody may set again.
 */
export class OnlyInTurn implements KyselyPlugin {
  readonly #turn: () => Turn | undefined;

  constructor(turn: () => Turn | undefined) {
    this.#turn = turn;
  }

  transformQuery({ node }: PluginTransformQueryArgs): RootOperationNode {
    if (CHANGES.has(node.kind) && this.#turn()?.valid() === false) throw lost();
    return node;
  }

  async transformResult({ result }: PluginTransformResultArgs): Promise<QueryResult<UnknownRow>> {
    return result;
  }
}
