// Writes emoji.json: every name Slack has for a Unicode emoji, skin tones included. Run by hand after emoji-datasource is raised.
import { writeFile } from 'node:fs/promises';
import emoji from 'emoji-datasource/emoji.json' with { type: 'json' };

const TONES = ['1F3FB', '1F3FC', '1F3FD', '1F3FE', '1F3FF'];

const unicode = (unified) => String.fromCodePoint(...unified.split('-').map((hex) => Number.parseInt(hex, 16)));
// Slack counts tones from 2 (Fitzpatrick's types 1 and 2 are one); people in pairs have two: `skin-tone-2-5`.
const suffix = (tones) =>
  `::skin-tone-${tones
    .split('-')
    .map((tone) => TONES.indexOf(tone) + 2)
    .join('-')}`;

const table = new Map();
for (const { unified, short_names: names, skin_variations: skins = {} } of emoji) {
  for (const name of names) {
    if (table.has(name)) throw new Error(`Two emoji are called ${name}`);
    table.set(name, unicode(unified));
    for (const [tones, skin] of Object.entries(skins)) table.set(name + suffix(tones), unicode(skin.unified));
  }
}

const path = new URL('emoji.json', import.meta.url);
await writeFile(path, `${JSON.stringify(Object.fromEntries(table), undefined, 2)}\n`);
