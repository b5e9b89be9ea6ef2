// Posts and forms as Slack draws them: within its caps, and literally.
import { expect, test } from 'vitest';
import type { Form } from '../../../../src/domain/command.ts';
import type { Post } from '../../../../src/domain/post.ts';
import { plain } from '../../../../src/domain/text.ts';
import { fileName, present, presentForm, topicText } from '../../../../src/platforms/slack/present.ts';

const post = (parts: Partial<Post> = {}): Post => ({
  marks: [],
  text: plain('hello'),
  lines: [],
  buttons: [],
  summary: 'hello',
  ...parts,
});

test('parts stand in their order', () => {
  const { blocks } = present(
    post({
      marks: ['forwarded'],
      quote: { author: 'Ana', text: 'asked' },
      lines: ['✓ sent'],
      buttons: [{ action: 'a:1', label: 'Undo', tone: 'danger' }],
    }),
  );
  expect(blocks.map((block) => block.type)).toEqual(['context', 'rich_text', 'rich_text', 'context', 'actions']);
  expect(blocks.at(-1)).toMatchObject({
    elements: [{ action_id: 'a:1', value: 'a:1', style: 'danger', text: { text: 'Undo' } }],
  });
});

test('small grey lines are plain text, never markup', () => {
  const { blocks } = present(post({ marks: ['<!channel> *bold*'] }));
  expect(blocks[0]).toEqual({
    type: 'context',
    elements: [{ type: 'plain_text', text: '<!channel> *bold*', emoji: false }],
  });
});

test('many lines are spread over several blocks, empty ones left out', () => {
  const { blocks } = present(
    post({ text: [], lines: [...Array.from({ length: 12 }, (_, index) => `line ${index}`), ' '] }),
  );
  expect(blocks.map((block) => ('elements' in block ? block.elements.length : 0))).toEqual([10, 2]);
});

test('the text for notifications is escaped and fits, never cut in the middle of an escape', () => {
  const { text } = present(post({ summary: '<&>'.repeat(2_000) }));
  expect(text.length).toBeLessThanOrEqual(3_900);
  expect(text.replaceAll(/&(lt|amp|gt);/g, '')).toBe('…');
});

test('a post of nothing shows its summary', () => {
  const { blocks } = present(post({ text: [], summary: 'a picture' }));
  expect(JSON.stringify(blocks)).toContain('a picture');
});

test('a button’s label is one line of at most 75 characters and never empty', () => {
  const labels = ['a\nb', 'x'.repeat(100), '\u202e'].map((label) => {
    const [, actions] = present(post({ buttons: [{ action: 'a', label, tone: 'normal' }] })).blocks;
    return actions && 'elements' in actions && 'text' in (actions.elements[0] ?? {}) ? actions.elements[0] : undefined;
  });
  expect(labels).toMatchObject([
    { text: { text: 'a b' } },
    { text: { text: `${'x'.repeat(74)}…` } },
    { text: { text: '…' } },
  ]);
});

test.for([
  ['offer.pdf', 'offer.pdf'],
  ['../../etc/passwd', '.._.._etc_passwd'],
  ['a\u0000b\nc', 'a b c'],
  ['\u202efdp.exe', 'fdp.exe'],
  ['', 'file'],
])('the file name %j shows as %j', ([name = '', shown]) => {
  expect(fileName(name)).toBe(shown);
});

test('a topic is escaped within Slack’s cap', () => {
  expect(topicText('A & B\n<!channel>', 250)).toBe('A &amp; B &lt;!channel&gt;');
  expect(topicText('&'.repeat(250), 250).length).toBeLessThanOrEqual(250);
});

const form: Form = {
  action: 'invite:send',
  title: 'Invite people to the team',
  submit: 'Send',
  fields: [
    { id: 'emails', label: 'Emails', kind: 'paragraph', required: true, hint: 'by commas', initial: 'a@b.c' },
    { id: 'name', label: 'Name', kind: 'text', required: false },
    {
      id: 'role',
      label: 'Role',
      kind: 'choice',
      required: true,
      initial: 'b',
      options: [
        { value: 'a', label: 'A' },
        { value: 'b', label: 'B' },
      ],
    },
    {
      id: 'labels',
      label: 'Labels',
      kind: 'choices',
      required: false,
      initial: 'a,b',
      options: [
        { value: 'a', label: 'A' },
        { value: 'b', label: 'B' },
      ],
    },
  ],
};

test('a form becomes a modal with a block for each field', () => {
  const view = presentForm(form, '{"channel":"C1"}');
  expect(view).toMatchObject({
    type: 'modal',
    callback_id: 'invite:send',
    private_metadata: '{"channel":"C1"}',
    title: { text: 'Invite people to the te…' },
    blocks: [
      {
        block_id: 'emails',
        optional: false,
        hint: { text: 'by commas' },
        element: { multiline: true, initial_value: 'a@b.c' },
      },
      { block_id: 'name', optional: true, element: { multiline: false } },
      { block_id: 'role', element: { type: 'static_select', initial_option: { value: 'b' } } },
      {
        block_id: 'labels',
        element: { type: 'multi_static_select', initial_options: [{ value: 'a' }, { value: 'b' }] },
      },
    ],
  });
});
