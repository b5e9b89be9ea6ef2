// Making, renaming and finding Labels. Deleting one takes access away, and is a change like any other.
import type { Clock } from '../runtime/time.ts';
import type { Label, LabelId } from '../store/label.ts';
import type { Store, Tx } from '../store/store.ts';
import { auditOf, type Actor } from './change.ts';
import { nearest } from '../domain/nearest.ts';

export type LabelResult = { readonly label: Label } | { readonly refused: string; readonly path: 'name' | 'color' };

const LONGEST_NAME = 50;
/** Given in turn to Labels made without a colour: readable with white text (contrast 4.5 or more). */
const COLORS = ['#1f6feb', '#8250df', '#bf3989', '#cf222e', '#bc4c00', '#9a6700', '#1a7f37', '#0a7ea4'] as const;

/** See `Access.createLabel`, `updateLabel` and `findLabel`. */
export class Labels {
  readonly #parts: { readonly store: Store; readonly clock: Clock };

  constructor(parts: { readonly store: Store; readonly clock: Clock }) {
    this.#parts = parts;
  }

  async create(wanted: { name: string; color?: string | undefined }, actor: Actor): Promise<LabelResult> {
    const { store, clock } = this.#parts;
    return store.transaction(async (tx) => {
      const now = clock.now();
      const count = (await tx.labels.all()).length;
      const color = wanted.color ?? COLORS[count % COLORS.length] ?? COLORS[0];
      const refused = await refusalOf(tx, { name: wanted.name, color }, undefined);
      if (refused !== undefined) return refused;
      const label = await tx.labels.create({ name: wanted.name.trim(), color }, now);
      await tx.audit.add(auditOf(actor, 'label.created', now, { detail: { label: label.name } }));
      return { label };
    });
  }

  async update(
    id: LabelId,
    change: { name?: string | undefined; color?: string | undefined },
    actor: Actor,
  ): Promise<LabelResult | undefined> {
    const { store, clock } = this.#parts;
    return store.transaction(async (tx) => {
      const now = clock.now();
      const before = await tx.labels.find(id);
      if (before === undefined) return undefined;
      const label = { id, name: change.name?.trim() ?? before.name, color: change.color ?? before.color };
      const refused = await refusalOf(tx, label, id);
      if (refused !== undefined) return refused;
      await tx.labels.update(id, { name: label.name, color: label.color });
      await tx.audit.add(auditOf(actor, 'label.updated', now, { detail: { label: label.name, before: before.name } }));
      return { label };
    });
  }

  async find(name: string): Promise<{ label: Label } | { meant?: string }> {
    const { store } = this.#parts;
    const label = await store.read.labels.byName(name.trim());
    if (label !== undefined) return { label };
    const names = (await store.read.labels.all()).map((one) => one.name);
    const meant = nearest(name, names);
    return meant === undefined ? {} : { meant };
  }
}

/** Commas separate Labels in commands, so none may stand in a name. */
async function refusalOf(
  tx: Tx,
  { name, color }: { name: string; color: string },
  own: LabelId | undefined,
): Promise<Extract<LabelResult, { refused: string }> | undefined> {
  const trimmed = name.trim();
  if (trimmed === '') return { refused: 'A label needs a name.', path: 'name' };
  if (trimmed.length > LONGEST_NAME)
    return { refused: `A label’s name has at most ${LONGEST_NAME} letters.`, path: 'name' };
  if (/[,\p{Cc}]/u.test(trimmed)) return { refused: 'A label’s name can’t hold commas or line breaks.', path: 'name' };
  if (!/^#[0-9a-f]{6}$/iu.test(color)) return { refused: 'A colour is written like #1f6feb.', path: 'color' };
  const same = await tx.labels.byName(trimmed);
  if (same !== undefined && same.id !== own)
    return { refused: `There is a label “${same.name}” already.`, path: 'name' };
  return undefined;
}
