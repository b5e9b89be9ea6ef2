// /wa invite and team: people are invited, listed, promoted, given labels, linked, deactivated; by words, forms and buttons.
import type { TeamMember } from '../access/access.ts';
import type { Answer, Form } from '../domain/command.ts';
import { as, type AgentId, type UserId } from '../domain/ids.ts';
import type { Button } from '../domain/post.ts';
import { change, changeAfterPreview } from './access.ts';
import { isRefused, type Ask, type InviteResult, type Parts } from './ask.ts';
import { findAgent, findChats } from './find.ts';
import { listOf, mentioned } from './parse.ts';
import { counted, listed, namesOf, quoted, say } from './words.ts';

const ROLES = ['member', 'admin'] as const;
const roleOf = (written: string | undefined): 'member' | 'admin' => (written === 'admin' ? 'admin' : 'member');

/** What a form can offer to choose from. */
const MOST_OPTIONS = 100;

async function labelField(parts: Parts, label: string, chosen: readonly string[]): Promise<Form['fields']> {
  const names = (await parts.access.labels()).map(({ name }) => name).slice(0, MOST_OPTIONS);
  if (names.length === 0) return [];
  const options = names.map((name) => ({ value: name, label: name }));
  return [{ id: 'labels', label, kind: 'choices', required: false, options, initial: chosen.join(',') }];
}

export async function invite(parts: Parts, ask: Ask): Promise<Answer> {
  const { emails, role, labels = '', chat } = ask.options;
  if (emails === undefined) return { text: [], form: await inviteForm(parts) };
  const chats = chat === undefined ? [] : await findChats(parts, ask, chat);
  if (isRefused(chats)) return say(chats.refused);
  const request = { emails, role: roleOf(role), labels: listOf(labels), chatIds: chats.map(({ id }) => id) };
  const result = await parts.access.invite(request, ask.actor);
  if ('faults' in result) return say(...result.faults.map(({ message }) => message));
  return invited(parts, ask, result);
}

async function inviteForm(parts: Parts): Promise<Form> {
  return {
    action: 'invite',
    title: 'Invite people',
    submit: 'Invite',
    fields: [
      { id: 'emails', label: 'Emails', kind: 'paragraph', required: true, hint: 'Separated by commas or line breaks' },
      {
        id: 'role',
        label: 'Role',
        kind: 'choice',
        required: true,
        initial: 'member',
        options: ROLES.map((one) => ({ value: one, label: one })),
      },
      ...(await labelField(parts, 'Labels that members see', [])),
    ],
  };
}

/** The form of `/wa invite`: what's wrong with it is said beside the fields. */
export async function inviteSent(parts: Parts, ask: Ask): Promise<Answer> {
  const { emails = '', role, labels = '' } = ask.options;
  const request = { emails, role: roleOf(role), labels: listOf(labels) };
  const result = await parts.access.invite(request, ask.actor);
  if (!('faults' in result)) return invited(parts, ask, result);
  const fieldErrors = Object.fromEntries(result.faults.map(({ path, message }) => [path, message]));
  return { text: [], fieldErrors };
}

function invited(parts: Parts, ask: Ask, result: Extract<InviteResult, { invited: unknown }>): Answer {
  const items = [
    ...result.invited.map(({ email, found, mailed, link }) => {
      if (found.length > 0) return `${email} is in: found here by email and welcomed.`;
      if (mailed) return `${email} is invited by mail.`;
      return link === undefined
        ? `${email} is invited and joins as soon as they are in the workspace.`
        : `${email} is invited. Give them this link, it is good for 14 days: ${link}`;
    }),
    ...result.refused.map(({ reason }) => reason),
  ];
  const gone = result.refused.filter(({ code }) => code === 'deactivated').map(({ email }) => email);
  const buttons = gone
    .slice(0, 5)
    .map((email) =>
      parts.offers.button(ask, { label: `Activate ${email}`, isOnce: true }, (again, asked) =>
        change(again, asked, { kind: 'activate', agents: [email] }, activated(email)),
      ),
    );
  return listed(`${counted(result.invited.length, 'person', 'people')} invited`, items, { buttons });
}

const activated = (email: string) => ({
  done: `${email} is back, with what they had.`,
  same: `${email} is active already.`,
});

const PAGE = 20;

export async function team(parts: Parts, ask: Ask): Promise<Answer> {
  const { agent } = ask.options;
  if (agent === undefined) return everybody(parts, ask, 0);
  const member = await findAgent(parts, ask, agent);
  return isRefused(member) ? say(member.refused) : person(parts, ask, member);
}

function lineOf({ email, name, role, status, labels, identities }: TeamMember): string {
  const notes = [
    role,
    ...(status === 'active' ? [] : [status]),
    ...(labels.length === 0 ? [] : [`labels ${namesOf(labels)}`]),
    ...(status === 'active' && identities.length === 0 ? ['in no workspace yet'] : []),
  ];
  return `${name === null ? email : `${email} (${name})`} — ${notes.join(' · ')}`;
}

async function everybody(parts: Parts, ask: Ask, from: number): Promise<Answer> {
  const all = await parts.access.team();
  const page = all.slice(from, from + PAGE);
  const more = all.length - from - page.length;
  const buttons =
    more > 0
      ? [parts.offers.button(ask, { label: `${more} more` }, (again, asked) => everybody(again, asked, from + PAGE))]
      : [];
  const last = from === 0 ? '/wa team with somebody’s email: role, labels, deactivate, link.' : undefined;
  return listed(`${counted(all.length, 'person', 'people')} in the team`, page.map(lineOf), { last, buttons });
}

function person(parts: Parts, ask: Ask, member: TeamMember): Answer {
  const here = member.identities.filter(({ workspaceId }) => workspaceId === ask.workspaceId);
  const items = [
    lineOf(member),
    here.length === 0 ? 'Not linked to anybody here.' : `Linked here by ${namesOf(here.map(({ how }) => wayOf(how)))}.`,
  ];
  return listed(member.name ?? member.email, items, { buttons: buttonsFor(parts, ask, member, here) });
}

const wayOf = (how: TeamMember['identities'][number]['how']): string => {
  switch (how) {
    case 'email':
      return 'their email';
    case 'claim':
      return 'a link they opened';
    case 'admin':
      return 'an admin’s word';
  }
};

function buttonsFor(parts: Parts, ask: Ask, member: TeamMember, here: TeamMember['identities']): Button[] {
  const { id, email, role, status } = member;
  const offer = (label: string, run: (again: Parts, asked: Ask) => Promise<Answer>, tone: Button['tone'] = 'normal') =>
    parts.offers.button(ask, { label, tone }, run);
  if (status === 'deactivated') {
    const wanted = { kind: 'activate', agents: [email] } as const;
    return [offer('Activate', (again, asked) => change(again, asked, wanted, activated(email)), 'primary')];
  }
  const other = role === 'admin' ? 'member' : 'admin';
  const toRole = (again: Parts, asked: Ask): Promise<Answer> =>
    changeAfterPreview(
      again,
      asked,
      { kind: 'role', agents: [email], role: other },
      {
        title: `Make ${email} ${other === 'admin' ? 'an admin' : 'a member'}?`,
        button: `Make ${other}`,
        done: `${email} is ${other === 'admin' ? 'an admin' : 'a member'} now.`,
        same: `${email} is that already.`,
        always: true,
      },
    );
  const deactivate = (again: Parts, asked: Ask): Promise<Answer> =>
    changeAfterPreview(
      again,
      asked,
      { kind: 'deactivate', agents: [email] },
      {
        title: `Deactivate ${email}?`,
        button: 'Deactivate',
        done: `${email} is deactivated and taken out of every channel.`,
        same: `${email} is deactivated already.`,
        always: true,
      },
    );
  return [
    offer(`Make ${other}`, toRole),
    ...(role === 'member' ? [offer('Labels', (again, asked) => labelsForm(again, asked, id))] : []),
    ...(here.length === 0 ? [offer('Link', () => Promise.resolve(linkForm(member)))] : []),
    ...here.filter(({ how }) => how !== 'email').map(({ userId }) => unlinkButton(parts, ask, email, userId)),
    ...(status === 'invited' ? [offer('New link', (again, asked) => renew(again, asked, id, email))] : []),
    offer('Deactivate', deactivate, 'danger'),
  ];
}

function unlinkButton(parts: Parts, ask: Ask, email: string, userId: UserId): Button {
  return parts.offers.button(ask, { label: 'Unlink', isOnce: true }, async (again, asked) => {
    const done = await again.access.unlink({ workspaceId: asked.workspaceId, userId }, asked.actor);
    return say(done ? `${email} is linked to that person no more.` : 'That was done already.');
  });
}

async function renew({ access }: Parts, ask: Ask, id: AgentId, email: string): Promise<Answer> {
  const renewed = await access.renewInvitation(id, ask.actor);
  if ('refused' in renewed) return say(renewed.refused);
  return say(
    renewed.link === undefined
      ? 'There are no links without PUBLIC_URL.'
      : `A new link for ${email}, good for 14 days: ${renewed.link}`,
    renewed.mailed ? 'It goes to them by mail as well.' : undefined,
  );
}

const memberById = async ({ access }: Parts, id: string): Promise<TeamMember | undefined> =>
  (await access.team()).find((one) => one.id === id);

async function labelsForm(parts: Parts, _ask: Ask, id: AgentId): Promise<Answer> {
  const member = await memberById(parts, id);
  const fields = await labelField(parts, 'Sees every chat that carries one of these', member?.labels ?? []);
  if (member === undefined || fields.length === 0) {
    return say('There are no labels yet. Make one with /wa label create.');
  }
  return { text: [], form: { action: `team-labels:${id}`, title: 'Labels', submit: 'Save', fields } };
}

/** The form of labels: what's chosen in it is what they have from then on. */
export async function labelsSent(parts: Parts, ask: Ask): Promise<Answer> {
  const member = await memberById(parts, ask.id);
  if (member === undefined) return say('There is no such person any more.');
  const labels = listOf(ask.options['labels'] ?? '');
  const { email } = member;
  return changeAfterPreview(
    parts,
    ask,
    { kind: 'labels', agents: [email], labels },
    {
      title: `Labels of ${email}: ${labels.length === 0 ? 'none' : namesOf(labels)}`,
      button: 'Do it',
      done: labels.length === 0 ? `${email} has no labels now.` : `${email} has the labels ${namesOf(labels)} now.`,
      same: `${email} has these labels already.`,
      always: false,
    },
  );
}

const linkForm = ({ id, email }: TeamMember): Answer => ({
  text: [],
  form: {
    action: `team-link:${id}`,
    title: 'Link a person',
    submit: 'Link',
    fields: [
      {
        id: 'user',
        label: `Who is ${email} here? Their member ID`,
        kind: 'text',
        required: true,
        hint: 'Shown in their profile here. Only do this when you are sure: they will see what this person may see.',
      },
    ],
  },
});

/** An id is one word with a number in it, whatever the platform; whether there is such a member is asked when the link is made. */
const USER_ID = /^(?=.*\d)[\w-]{2,64}$/u;

/** The form of a link by an admin's word. */
export async function linkSent(parts: Parts, ask: Ask): Promise<Answer> {
  const member = await memberById(parts, ask.id);
  if (member === undefined) return say('There is no such person any more.');
  const typed = (ask.options['user'] ?? '').trim();
  const written = mentioned(typed) ?? typed;
  if (!USER_ID.test(written)) return { text: [], fieldErrors: { user: `${quoted(written)} is no member ID.` } };
  const who = { workspaceId: ask.workspaceId, userId: as<UserId>(written), email: member.email, how: 'admin' } as const;
  const linked = await parts.access.link(who, ask.actor);
  if ('refused' in linked) return { text: [], fieldErrors: { user: linked.refused } };
  return say(`${member.email} is linked here by your word.`);
}
