// Answers what people ask by command and button. Every answer goes through the facades, which check the policy.
import type { Access } from '../access/access.ts';
import type { Bridge } from '../bridge/bridge.ts';
import type { Answer, CommandRef, Request } from '../domain/command.ts';
import { as, type MessageId, type WorkspaceId } from '../domain/ids.ts';
import { plain } from '../domain/text.ts';
import type { Clock } from '../runtime/time.ts';
import type { Store } from '../store/store.ts';

export interface CommandsParts {
  readonly bridge: Bridge;
  readonly access: Access;
  readonly store: Store;
  readonly clock: Clock;
  /** Gives an answer back to the Workspace it was asked in. */
  readonly answer: (workspaceId: WorkspaceId, ref: CommandRef, answer: Answer) => Promise<void>;
}

const HELP = [
  'Every WhatsApp chat has its channel here. Reply in the thread of a message and the customer gets it from your WhatsApp number.',
  'What you write outside of threads stays inside the team, and so does a message in a thread that starts with // or note:.',
  'Under each reply stands how far it got: ✓ sent, ✓✓ delivered, ✓✓ read.',
].join('\n');

const isResumption = (word: string | undefined): word is 'resend' | 'send' | 'cancel' =>
  word === 'resend' || word === 'send' || word === 'cancel';

export class Commands {
  readonly #parts: CommandsParts;

  constructor(parts: CommandsParts) {
    this.#parts = parts;
  }

  /** Answers one request, at once and privately. */
  async handle(workspaceId: WorkspaceId, request: Request): Promise<void> {
    await this.#parts.answer(workspaceId, request.ref, await this.#answer(workspaceId, request));
  }

  async #answer(workspaceId: WorkspaceId, request: Request): Promise<Answer> {
    const { access, bridge } = this.#parts;
    const [action, id] = request.action.split(':');
    if (request.via !== 'button' || !isResumption(action) || id === undefined) return { text: plain(HELP) };
    const agent = await access.agentFor(workspaceId, request.user);
    if (agent === undefined) return { text: plain('Nobody has invited you to Switchboard yet. Ask an admin.') };
    return { text: plain(await bridge.resume(agent.id, as<MessageId>(id), action)) };
  }
}
