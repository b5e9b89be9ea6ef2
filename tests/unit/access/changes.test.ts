// Changes of access, their previews, reasons, and what the audit log keeps of them, on a real database.
import { afterEach, expect, test } from 'vitest';
import type { Actor } from '../../../src/access/change.ts';
import type { ChatId } from '../../../src/domain/ids.ts';
import { openHouse, waitFor, type House } from './house.ts';

let house: House;
afterEach(() => house.close());

async function furnish() {
  house = await openHouse();
  const admin = await house.agent('ada@acme.com', 'admin');
  const ben = await house.agent('ben@acme.com');
  const cy = await house.agent('cy@acme.com');
  const [acme, beta] = [await house.chat('Acme'), await house.chat('Beta')];
  const by: Actor = { kind: 'agent', agentId: admin.id, name: admin.email, source: 'web' };
  await house.access.createLabel({ name: 'VIP' }, by);
  return { admin, ben, cy, acme, beta, by, access: house.access };
}

const sees = async (email: string, chatId: ChatId): Promise<boolean> =>
  (await house.access.explain(email, chatId))?.allowed === true;

const actions = async (): Promise<string[]> =>
  (await house.store.read.audit.list({ limit: 50 })).map(({ action }) => action).toReversed();

test('granting chats tells what changed, names admins and strangers, and gives a reason', async () => {
  const { access, by, acme, beta } = await furnish();
  const agents = ['Ben@acme.com', 'ada@acme.com', 'who@acme.com', 'ben@acme.com'];
  const result = await access.apply({ kind: 'grant', agents, chats: { chatIds: [acme, beta, acme] } }, by);
  expect(result).toMatchObject({ changed: 2, unchanged: 0, still: [] });
  expect(result.refused.map(({ agent, code }) => [agent, code])).toEqual([
    ['ada@acme.com', 'admin'],
    ['who@acme.com', 'unknown_agent'],
  ]);
  expect(await access.explain('ben@acme.com', acme)).toMatchObject({
    allowed: true,
    because: [{ kind: 'grant', by: 'ada@acme.com', until: null }],
  });
  expect(
    (await access.apply({ kind: 'grant', agents: ['ben@acme.com'], chats: { chatIds: [acme] } }, by)).unchanged,
  ).toBe(1);
  expect(await actions()).toEqual(['label.created', 'access.granted']);
});

test('a chat that isn’t there and an end in the past are refused', async () => {
  const { access, by, acme } = await furnish();
  const nowhere = '00000000-0000-7000-8000-000000000000' as ChatId;
  const agents = ['ben@acme.com'];
  const lost = await access.apply({ kind: 'grant', agents, chats: { chatIds: [nowhere] } }, by);
  expect(lost).toMatchObject({ changed: 0, refused: [{ code: 'unknown_chat', chatId: nowhere }] });
  const past = await access.apply({ kind: 'grant', agents, chats: { chatIds: [acme] }, until: new Date(0) }, by);
  expect(past).toMatchObject({ changed: 0, refused: [{ code: 'bad_time' }] });
  expect(await sees('ben@acme.com', acme)).toBe(false);
});

test('labels give and take as they are put on chats and granted', async () => {
  const { access, by, acme, beta, ben } = await furnish();
  await access.apply({ kind: 'grant', agents: ['ben@acme.com'], labels: ['vip'] }, by);
  expect(await sees('ben@acme.com', acme)).toBe(false);
  await access.apply({ kind: 'label', chats: { filter: { search: 'acm' } }, labels: ['VIP'] }, by);
  expect([await sees('ben@acme.com', acme), await sees('ben@acme.com', beta)]).toEqual([true, false]);
  expect(await access.scopeOf(ben.id)).toEqual(new Set([acme]));
  await access.apply({ kind: 'unlabel', chats: { chatIds: [acme] }, labels: ['VIP'] }, by);
  expect(await sees('ben@acme.com', acme)).toBe(false);
});

test('an unknown label is refused with the name that was perhaps meant', async () => {
  const { access, by, acme } = await furnish();
  const result = await access.apply({ kind: 'label', chats: { chatIds: [acme] }, labels: ['VPI'] }, by);
  expect(result.refused).toEqual([
    { code: 'unknown_label', label: 'VPI', reason: 'There is no label “VPI”. Did you mean “VIP”?' },
  ]);
});

test('removing somebody who still sees a chat through a label says so', async () => {
  const { access, by, acme } = await furnish();
  const agents = ['ben@acme.com'];
  const chats = { chatIds: [acme] };
  await access.apply({ kind: 'grant', agents, chats, labels: ['VIP'] }, by);
  await access.apply({ kind: 'label', chats, labels: ['VIP'] }, by);
  const result = await access.apply({ kind: 'revoke', agents, chats }, by);
  expect(result).toMatchObject({ changed: 1, still: [{ agent: 'ben@acme.com', chatId: acme, label: 'VIP' }] });
  expect(await sees('ben@acme.com', acme)).toBe(true);
});

test('who has access is told with reasons, admins first and locked', async () => {
  const { access, by, acme } = await furnish();
  await access.apply({ kind: 'grant', agents: ['ben@acme.com'], chats: { chatIds: [acme] }, labels: ['VIP'] }, by);
  await access.apply({ kind: 'label', chats: { chatIds: [acme] }, labels: ['VIP'] }, by);
  await house.agent('zoe@acme.com', 'admin');
  await house.agent('abe@acme.com', 'admin', 'invited');
  const seers = await access.whoSees(acme);
  expect(seers?.map(({ email, locked, because }) => [email, locked, because.map(({ kind }) => kind)])).toEqual([
    ['ada@acme.com', true, ['admin']],
    ['zoe@acme.com', true, ['admin']],
    ['ben@acme.com', false, ['grant', 'label']],
  ]);
});

test('explain says why not', async () => {
  const { access, acme } = await furnish();
  expect(await access.explain('cy@acme.com', acme)).toMatchObject({
    allowed: false,
    why: expect.stringContaining('is a member'),
  });
  expect(await access.explain('who@acme.com', acme)).toMatchObject({
    allowed: false,
    why: expect.stringContaining('Nobody invited'),
  });
});

test('a preview tells exactly who gains and loses what, and changes nothing', async () => {
  const { access, by, acme, beta } = await furnish();
  const agents = ['ben@acme.com'];
  await access.apply({ kind: 'grant', agents, chats: { chatIds: [acme] } }, by);
  await access.apply({ kind: 'grant', agents: ['cy@acme.com'], labels: ['VIP'] }, by);
  const before = await actions();
  const promoted = await access.preview({ kind: 'role', agents, role: 'admin' });
  expect(promoted).toEqual({ gained: [{ agent: 'ben@acme.com', chatId: beta }], lost: [], refused: [] });
  const labelled = await access.preview({ kind: 'label', chats: { chatIds: [acme, beta] }, labels: ['VIP'] });
  expect(labelled.gained).toEqual([
    { agent: 'cy@acme.com', chatId: acme },
    { agent: 'cy@acme.com', chatId: beta },
  ]);
  const gone = await access.preview({ kind: 'deactivate', agents: ['ben@acme.com', 'ada@acme.com'] });
  expect(gone).toMatchObject({
    gained: [],
    lost: [{ agent: 'ben@acme.com', chatId: acme }],
    refused: [{ code: 'last_admin' }],
  });
  expect((await access.preview({ kind: 'revoke', agents, chats: { chatIds: [acme] } })).lost).toHaveLength(1);
  expect(await actions()).toEqual(before);
  expect(await sees('cy@acme.com', acme)).toBe(false);
});

test('the last admin can be neither demoted nor deactivated, also by two at the same moment', async () => {
  const { access, by } = await furnish();
  const one = await access.apply({ kind: 'role', agents: ['ada@acme.com'], role: 'member' }, by);
  expect(one.refused).toMatchObject([{ code: 'last_admin', agent: 'ada@acme.com' }]);
  await access.apply({ kind: 'role', agents: ['ben@acme.com'], role: 'admin' }, by);
  await Promise.all([
    access.apply({ kind: 'role', agents: ['ada@acme.com'], role: 'member' }, by),
    access.apply({ kind: 'deactivate', agents: ['ben@acme.com'] }, by),
  ]);
  const admins = (await access.team()).filter(({ role, status }) => role === 'admin' && status === 'active');
  expect(admins).toHaveLength(1);
});

test('of two who each take one of somebody’s two reasons at the same moment, the second sees that nothing is left', async () => {
  const { access, by, acme, ben } = await furnish();
  const agents = ['ben@acme.com'];
  const chats = { chatIds: [acme] };
  await access.apply({ kind: 'grant', agents, chats, labels: ['VIP'] }, by);
  await access.apply({ kind: 'label', chats, labels: ['VIP'] }, by);
  const heard: string[][] = [];
  access.onChanged((ids) => heard.push([...ids]));
  const revoked = Promise.withResolvers<void>();
  const mayCommit = Promise.withResolvers<void>();
  const first = house.store.transaction(async (tx) => {
    await tx.grants.lockChanges();
    await tx.grants.revokeChats([ben.id], [acme]);
    revoked.resolve();
    await mayCommit.promise;
  });
  await revoked.promise;
  const second = access.apply({ kind: 'unlabel', chats, labels: ['VIP'] }, by);
  await waitFor(async () => {
    const waiting = await house.store.query(`select 1 from pg_locks where locktype = 'advisory' and not granted`, []);
    expect(waiting.length + heard.length).toBeGreaterThan(0);
  });
  mayCommit.resolve();
  await Promise.all([first, second]);
  expect(heard).toEqual([[ben.id]]);
  expect(await sees('ben@acme.com', acme)).toBe(false);
});

test('deactivating ends what was registered to end with it, in one transaction; activating brings back what was granted', async () => {
  const { access, by, acme, ben } = await furnish();
  await access.apply({ kind: 'grant', agents: ['ben@acme.com'], chats: { chatIds: [acme] } }, by);
  access.onDeactivate(async (tx, agentId, _actor, now) => tx.settings.set(`ended ${agentId}`, true, now));
  await access.apply({ kind: 'deactivate', agents: ['ben@acme.com'] }, by);
  expect(await house.store.read.settings.get(`ended ${ben.id}`)).toBe(true);
  const decision = await access.mayReply(ben.id, acme);
  expect(decision).toMatchObject({ allowed: false, sentence: expect.stringContaining('was ended') });
  expect(await access.scopeOf(ben.id)).toEqual(new Set());
  await access.apply({ kind: 'activate', agents: ['ben@acme.com'] }, by);
  expect(await sees('ben@acme.com', acme)).toBe(true);
});

test('a deactivation whose hook fails doesn’t happen', async () => {
  const { access, by } = await furnish();
  access.onDeactivate(() => Promise.reject(new Error('no')));
  await expect(access.apply({ kind: 'deactivate', agents: ['ben@acme.com'] }, by)).rejects.toThrow('no');
  expect((await house.store.read.agents.byEmail('ben@acme.com'))?.status).toBe('active');
});

test('several changes are made together or not at all', async () => {
  const { access, by } = await furnish();
  const agents = ['ada@acme.com'];
  const refused = await access.applyAll(
    [
      { kind: 'grant', agents: ['ben@acme.com'], labels: ['VIP'] },
      { kind: 'role', agents, role: 'member' },
    ],
    by,
  );
  expect(refused).toMatchObject({ changed: 0, refused: [{ code: 'last_admin' }] });
  const team = await access.team();
  expect(team.find(({ email }) => email === 'ben@acme.com')?.labels).toEqual([]);
  const done = await access.applyAll(
    [
      { kind: 'role', agents: ['ben@acme.com'], role: 'member' },
      { kind: 'labels', agents: ['ben@acme.com'], labels: ['VIP'] },
    ],
    by,
  );
  expect(done).toMatchObject({ changed: 1, refused: [] });
});

test('deleting a label takes what it gave', async () => {
  const { access, by, acme } = await furnish();
  await access.apply({ kind: 'grant', agents: ['ben@acme.com'], labels: ['VIP'] }, by);
  await access.apply({ kind: 'label', chats: { chatIds: [acme] }, labels: ['VIP'] }, by);
  const preview = await access.preview({ kind: 'deleteLabel', labels: ['VIP'] });
  expect(preview.lost).toEqual([{ agent: 'ben@acme.com', chatId: acme }]);
  await access.apply({ kind: 'deleteLabel', labels: ['VIP'] }, by);
  expect([await sees('ben@acme.com', acme), await access.labels()]).toEqual([false, []]);
});

test('a bulk change is one audit row that is found by its chats', async () => {
  const { access, by, acme, beta, admin } = await furnish();
  await access.apply({ kind: 'grant', agents: ['ben@acme.com', 'cy@acme.com'], chats: { filter: {} } }, by);
  const rows = await house.store.read.listings.audit({ chatId: beta, action: 'access.granted' }, 10);
  expect(rows).toHaveLength(1);
  expect(rows[0]).toMatchObject({
    actorEmail: admin.email,
    source: 'web',
    detail: { changed: 4, chatIds: [acme, beta] },
  });
});

test('labels have a name of their own, whatever the case', async () => {
  const { access, by } = await furnish();
  expect(await access.createLabel({ name: ' vip ' }, by)).toMatchObject({
    path: 'name',
    refused: 'There is a label “VIP” already.',
  });
  expect(await access.createLabel({ name: 'a,b' }, by)).toMatchObject({ path: 'name' });
  expect(await access.createLabel({ name: '' }, by)).toMatchObject({ path: 'name' });
  expect(await access.createLabel({ name: 'Sales', color: 'red' }, by)).toMatchObject({ path: 'color' });
  const sales = await access.createLabel({ name: 'Sales', color: '#123abc' }, by);
  if (!('label' in sales)) throw new Error('refused');
  expect(await access.updateLabel(sales.label.id, { name: 'vip' }, by)).toMatchObject({ path: 'name' });
  expect(await access.updateLabel(sales.label.id, { name: 'sales' }, by)).toMatchObject({
    label: { name: 'sales', color: '#123abc' },
  });
  expect(await access.findLabel('SALES')).toMatchObject({ label: { name: 'sales' } });
  expect(await access.findLabel('slaes')).toEqual({ meant: 'sales' });
});

test('numbers are masked for members and in channels where the setting says so', async () => {
  const { access, admin, ben } = await furnish();
  const shown = async () =>
    Promise.all(
      [admin, ben, 'channel' as const].map(async (viewer) => (await access.phonesFor(viewer))('+491701234567')),
    );
  expect(await shown()).toEqual(['+491701234567', '+491701234567', '+491701234567']);
  await house.store.read.settings.set('maskPhones', true, new Date());
  expect(await shown()).toEqual(['+491701234567', '+49••••••••67', '+49••••••••67']);
});
