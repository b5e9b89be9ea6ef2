// The rules of access as a table, and what must hold of them whatever the facts.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  isLastAdmin,
  judge,
  refusalReason,
  refusalSentence,
  refuseGrant,
  type Fact,
  type Person,
  type Refusal,
} from '../../../src/access/policy.ts';

const at = new Date('2026-03-01T12:00:00Z');
const earlier = new Date('2026-02-01T12:00:00Z');
const later = new Date('2026-04-01T12:00:00Z');
const admin: Person = { role: 'admin', status: 'active' };
const member: Person = { role: 'member', status: 'active' };
const direct = (until: Date | null = null): Fact => ({ kind: 'chat', by: 'ada@acme.com', at: earlier, until });
const labelled = (label: string, until: Date | null = null): Fact => ({
  kind: 'label',
  label,
  by: 'x',
  at: earlier,
  until,
});

describe('who may see a chat', () => {
  test.each<[string, Person | undefined, Fact[], unknown]>([
    ['an admin, always', admin, [], { allowed: true, because: [{ kind: 'admin' }] }],
    ['an admin, for no other reason', admin, [direct()], { allowed: true, because: [{ kind: 'admin' }] }],
    ['nobody unknown', undefined, [direct()], { allowed: false, refusal: 'stranger' }],
    ['no member without a grant', member, [], { allowed: false, refusal: 'none' }],
    [
      'a member with a grant',
      member,
      [direct()],
      { allowed: true, because: [{ kind: 'grant', by: 'ada@acme.com', at: earlier, until: null }] },
    ],
    [
      'a member through a label',
      member,
      [labelled('VIP')],
      { allowed: true, because: [{ kind: 'label', label: 'VIP', until: null }] },
    ],
    [
      'a member for every reason that stands',
      member,
      [direct(at), labelled('VIP', later), labelled('Old', earlier)],
      { allowed: true, because: [{ kind: 'label', label: 'VIP', until: later }] },
    ],
    ['nobody whose grant ends at this very moment', member, [direct(at)], { allowed: false, refusal: 'ended' }],
    [
      'nobody who was only invited',
      { role: 'admin', status: 'invited' },
      [direct()],
      { allowed: false, refusal: 'invited' },
    ],
    [
      'nobody who is deactivated',
      { role: 'admin', status: 'deactivated' },
      [direct()],
      { allowed: false, refusal: 'deactivated' },
    ],
  ])('%s', (_, person, facts, verdict) => {
    expect(judge(person, facts, at)).toEqual(verdict);
  });
});

const people = fc.record({
  role: fc.constantFrom('admin' as const, 'member' as const),
  status: fc.constantFrom('invited' as const, 'active' as const, 'deactivated' as const),
});
const ends = fc.option(fc.integer({ min: -3, max: 3 }).map((days) => new Date(at.getTime() + days * 86_400_000)));
const facts = fc.array(
  fc.oneof(
    ends.map((until): Fact => direct(until)),
    fc.tuple(fc.constantFrom('VIP', 'Sales'), ends).map(([name, until]): Fact => labelled(name, until)),
  ),
  { maxLength: 4 },
);

test('taking a fact away never gives access, and a later moment gives none that wasn’t there', () => {
  fc.assert(
    fc.property(people, facts, fc.nat(4), fc.nat(1_000_000_000), (person, all, index, laterMs) => {
      const now = judge(person, all, at).allowed;
      const fewer = judge(person, all.toSpliced(index, 1), at).allowed;
      const then = judge(person, all, new Date(at.getTime() + laterMs)).allowed;
      expect([fewer && !now, then && !now]).toEqual([false, false]);
    }),
  );
});

test('every yes has a reason that stands, and nobody but the active gets one', () => {
  fc.assert(
    fc.property(people, facts, (person, all) => {
      const verdict = judge(person, all, at);
      if (!verdict.allowed) return;
      expect(person.status).toBe('active');
      expect(verdict.because.length).toBeGreaterThan(0);
      for (const reason of verdict.because) {
        const stands = reason.kind === 'admin' ? person.role === 'admin' : reason.until === null || reason.until > at;
        expect(stands).toBe(true);
      }
    }),
  );
});

test.each<Refusal>(['stranger', 'invited', 'deactivated', 'ended', 'none'])(
  'a refusal (%s) is a sentence with a way on',
  (refusal) => {
    expect(refusalSentence(refusal, 'ben@acme.com')).toMatch(/^[A-Z].*[Aa]sk an admin.*\.$/);
    expect(refusalReason(refusal, 'ben@acme.com')).toMatch(/ben@acme\.com.*\.$/);
  },
);

test('grants are for members who can use them', () => {
  expect(refuseGrant(member, 'ben@acme.com')).toBeUndefined();
  expect(refuseGrant({ role: 'member', status: 'invited' }, 'ben@acme.com')).toBeUndefined();
  expect(refuseGrant(admin, 'ada@acme.com')).toBe('ada@acme.com is an admin and sees every chat anyway.');
  expect(refuseGrant(undefined, 'who@acme.com')).toContain('invite them first');
  expect(refuseGrant({ role: 'member', status: 'deactivated' }, 'ben@acme.com')).toContain('deactivated');
});

test('the last admin is the only one there is', () => {
  expect(isLastAdmin(new Set(['a']), 'a')).toBe(true);
  expect(isLastAdmin(new Set(['a', 'b']), 'a')).toBe(false);
  expect(isLastAdmin(new Set(['a']), 'b')).toBe(false);
});
