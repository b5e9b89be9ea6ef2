// Answers what people ask by command, button, form and shortcut: who it is, whether they may, what they want, and who does it.
import type { Answer, CommandEntry, Request } from '../domain/command.ts';
import { BridgeError } from '../domain/errors.ts';
import type { WorkspaceId } from '../domain/ids.ts';
import type { Agent } from '../store/agent.ts';
import { access, explain, grant, revoke } from './access.ts';
import type { Ask, CommandsParts, Handler, Parts, Who } from './ask.ts';
import { complete } from './autocomplete.ts';
import { chats, join, mode, newChat, promote } from './chats.ts';
import { deletePost, deliveries, giveUp, resendPost, resume, retry } from './deliveries.ts';
import { digestAt, digestHere, digestNow, digestOff, showDigest } from './digest.ts';
import { showMetrics, waiting } from './figures.ts';
import { fault, help, may } from './help.ts';
import { addLabels, createLabel, deleteLabel, listLabels, removeLabels, renameLabel } from './labels.ts';
import { noteForm, noteSent } from './notes.ts';
import { login } from './login.ts';
import { addNumber, listNumbers, pairNumber, removeNumber } from './numbers.ts';
import { noticesHere, noticesOff, showNotices } from './notices.ts';
import { link, type Asker } from './link.ts';
import { OFFER, Offers } from './offers.ts';
import { parseCommand } from './parse.ts';
import { quickReply, quickReplyForm, quickReplySaved } from './quick-replies.ts';
import { invite, inviteSent, labelsSent, linkSent, team } from './team.ts';
import {
  assignTicket,
  closeTicket,
  editTicket,
  listTickets,
  openOnPost,
  openTicket,
  pressed,
  reopenTicket,
  takeTicket,
  ticketFormSent,
} from './tickets.ts';
import { commandTree as tree } from './tree.ts';
import {
  adminOnlyWords,
  deactivatedWords,
  faultWords,
  invitedWords,
  proveWords,
  say,
  strangerWords,
  tooOldWords,
} from './words.ts';

/** By the path of the entry. */
const COMMANDS: Readonly<Record<string, Handler>> = {
  invite,
  team,
  grant,
  revoke,
  access,
  explain,
  'label add': addLabels,
  'label remove': removeLabels,
  'label create': createLabel,
  'label rename': renameLabel,
  'label delete': deleteLabel,
  'label list': (parts, ask) => listLabels(parts, ask),
  mode,
  promote,
  chats,
  'number list': listNumbers,
  'number add': addNumber,
  'number pair': pairNumber,
  'number remove': removeNumber,
  new: newChat,
  q: quickReply,
  'ticket open': openTicket,
  'ticket take': takeTicket,
  'ticket assign': assignTicket,
  'ticket edit': editTicket,
  'ticket close': closeTicket,
  'ticket reopen': reopenTicket,
  'ticket list': listTickets,
  waiting,
  metrics: showMetrics,
  'digest show': showDigest,
  'digest now': digestNow,
  'digest at': digestAt,
  'digest here': digestHere,
  'digest off': digestOff,
  'notices show': showNotices,
  'notices here': noticesHere,
  'notices off': noticesOff,
  deliveries,
  login,
};

/** Commands that strangers may give, too; `help` beside them. */
type ForAnyone = (parts: Parts, asker: Asker) => Promise<Answer>;
const FOR_ANYONE: Readonly<Record<string, ForAnyone>> = { link };

interface Deed {
  readonly who: Who;
  readonly run: Handler;
}

/** By the name of a button's action, a form's or a shortcut; what stands behind its colon is `Ask.id`. */
const BUTTONS: Readonly<Record<string, Deed>> = {
  resend: { who: 'agent', run: resume('resend') },
  send: { who: 'agent', run: resume('send') },
  cancel: { who: 'agent', run: resume('cancel') },
  join: { who: 'agent', run: join },
  retry: { who: 'admin', run: retry },
  'give-up': { who: 'admin', run: giveUp },
  ticket: { who: 'agent', run: pressed },
  'q-form': { who: 'admin', run: quickReplyForm },
};
const FORMS: Readonly<Record<string, Deed>> = {
  invite: { who: 'admin', run: inviteSent },
  'team-labels': { who: 'admin', run: labelsSent },
  'team-link': { who: 'admin', run: linkSent },
  'ticket-open': { who: 'agent', run: ticketFormSent },
  note: { who: 'agent', run: noteSent },
  'q-save': { who: 'admin', run: quickReplySaved },
};
const SHORTCUTS: Readonly<Record<string, Deed>> = {
  ticket: { who: 'agent', run: openOnPost },
  note: { who: 'agent', run: noteForm },
  access: { who: 'agent', run: access },
  resend: { who: 'agent', run: resendPost },
  delete: { who: 'agent', run: deletePost },
};

/** What is wanted, once it's understood. */
interface Wanted extends Deed {
  /** For the audit log. */
  readonly name: string;
  readonly id: string;
  readonly options: Readonly<Record<string, string>>;
}

const nameOf = ({ path }: CommandEntry): string => path.join(' ');

export class Commands {
  readonly #parts: Parts;

  constructor(parts: CommandsParts) {
    this.#parts = { ...parts, offers: new Offers(parts.clock) };
  }

  /** Answers one request, at once and privately. Rejects when the platform doesn't take the answer, or a fault of ours kept it from being made. */
  async handle(workspaceId: WorkspaceId, request: Request): Promise<void> {
    const answered = (answer: Answer): Promise<void> => this.#parts.answer(workspaceId, request.ref, answer);
    let answer: Answer;
    try {
      answer = await this.#answer(workspaceId, request);
    } catch (error) {
      await answered(say(faultWords));
      throw error;
    }
    await answered(answer);
  }

  async #answer(workspaceId: WorkspaceId, request: Request): Promise<Answer> {
    try {
      const agent = await this.#parts.access.agentFor(workspaceId, request.user);
      return await this.#answerTo(workspaceId, request, agent);
    } catch (error) {
      // The other side refused or didn't answer: that is for the asker to know.
      if (error instanceof BridgeError) return say(error.sentence);
      throw error;
    }
  }

  async #answerTo(workspaceId: WorkspaceId, request: Request, agent: Agent | undefined): Promise<Answer> {
    if (request.via === 'autocomplete') return this.#complete(workspaceId, request, agent);
    const wanted = this.#wanted(request, agent);
    if ('text' in wanted) return wanted;
    if ('open' in wanted) return wanted.open(this.#parts, { workspaceId, user: request.user, agent });
    const { who, run, name, id, options } = wanted;
    if (agent === undefined || !may(who, agent)) return this.#refuse(workspaceId, request, agent, name);
    const ask = await this.#ask(workspaceId, request, agent, { who, id, options });
    return run(this.#parts, ask);
  }

  /** Understands a request; an answer when there is nothing to do but to say something. */
  #wanted(request: Request, agent: Agent | undefined): Wanted | { readonly open: ForAnyone } | Answer {
    const [name = '', ...rest] = request.action.split(':');
    const { options } = request;
    const known = (deed: Deed | undefined): Wanted | Answer =>
      deed === undefined ? say(tooOldWords) : { ...deed, name, id: rest.join(':'), options };
    switch (request.via) {
      case 'command':
        return this.#command(request, agent);
      case 'button':
        if (name !== OFFER) return known(BUTTONS[name]);
        return known(agent === undefined ? undefined : this.#parts.offers.take(rest.join(':'), agent));
      case 'form':
        return known(FORMS[name]);
      case 'shortcut':
        return known(SHORTCUTS[name]);
      case 'autocomplete':
        return say();
    }
  }

  #command(request: Request, agent: Agent | undefined): Wanted | { readonly open: ForAnyone } | Answer {
    const parsed = parseCommand(tree, request.text, request.options);
    if (parsed.kind !== 'entry') {
      // How a command is written is told to those who may give it.
      const isAllowed = !('entry' in parsed) || may(parsed.entry.who, agent);
      if (isAllowed) return fault(tree, parsed);
      // Not allowed, so nothing is run.
      return {
        who: parsed.entry.who,
        run: () => Promise.resolve(say()),
        name: nameOf(parsed.entry),
        id: '',
        options: {},
      };
    }
    const { entry, options } = parsed;
    const name = nameOf(entry);
    const open = FOR_ANYONE[name];
    if (open !== undefined) return { open };
    const run = COMMANDS[name];
    if (run === undefined) return help(tree, agent, options['command']);
    return { who: entry.who, run, name, id: '', options };
  }

  async #ask(
    workspaceId: WorkspaceId,
    request: Request,
    agent: Agent,
    wanted: Pick<Ask, 'who' | 'id' | 'options'>,
  ): Promise<Ask> {
    const { store, access: rules } = this.#parts;
    const { channel, user, post } = request;
    const mirror = channel === undefined ? undefined : await store.read.mirrors.ofChannel(workspaceId, channel);
    const source = await this.#source(workspaceId);
    return {
      ...wanted,
      workspaceId,
      user,
      agent,
      channel,
      here: mirror?.chatId,
      post,
      actor: { kind: 'agent', agentId: agent.id, name: agent.email, source },
      by: { actor: { kind: 'agent', agentId: agent.id }, source },
      phones: await rules.phonesFor(agent),
    };
  }

  async #source(workspaceId: WorkspaceId): Promise<string> {
    return (await this.#parts.store.read.workspaces.find(workspaceId))?.platform ?? 'channel';
  }

  /** Says why not, and writes down that it was tried. */
  async #refuse(workspaceId: WorkspaceId, { user }: Request, agent: Agent | undefined, name: string): Promise<Answer> {
    const { store, clock, access: rules } = this.#parts;
    await store.read.audit.add({
      actor: agent === undefined ? { kind: 'stranger', name: user } : { kind: 'agent', agentId: agent.id },
      action: 'command.refuse',
      detail: { command: name },
      source: await this.#source(workspaceId),
      at: clock.now(),
    });
    switch (agent?.status) {
      case undefined:
        return say(strangerWords, rules.knowsEmails(workspaceId) ? undefined : proveWords);
      case 'invited':
        return say(invitedWords);
      case 'deactivated':
        return say(deactivatedWords);
      case 'active':
        return say(adminOnlyWords);
    }
  }

  /** Offers nothing where it may not, or there's nothing to offer. */
  async #complete(workspaceId: WorkspaceId, request: Request, agent: Agent | undefined): Promise<Answer> {
    const words = request.text.trim().toLowerCase().split(/\s+/u);
    const entry = tree.entries.find(({ path }) => path.every((word, at) => word === words[at]));
    const option = entry?.options.find(({ name }) => name === request.focused);
    if (agent === undefined || entry === undefined || option === undefined || !may(entry.who, agent)) {
      return { text: [], choices: [] };
    }
    const ask = await this.#ask(workspaceId, request, agent, { who: entry.who, id: '', options: request.options });
    return complete(this.#parts, ask, option);
  }
}
