// Says who the people of a simulated Discord are, as an admin does by `/wa team`: Discord tells a bot nobody's email.
import { admit } from '../../src/access/identity.ts';
import { as, type UserId } from '../../src/domain/ids.ts';
import { Store } from '../../src/store/store.ts';
import type { DatabaseAddress } from '../../src/runtime/database-url.ts';
import type { TownPerson } from './workspace.ts';

/** For whom there is an Agent; gives their ids. The others stay strangers. */
export async function introduce(database: DatabaseAddress, people: readonly TownPerson[]): Promise<string[]> {
  const admitted: string[] = [];
  const store = Store.create({ address: database });
  try {
    const workspaces = await store.read.workspaces.all();
    const workspace = workspaces.find(({ platform }) => platform === 'discord');
    if (workspace === undefined) throw new Error('the program knows no Discord');
    for (const { id, email } of people) {
      const agent = await store.read.agents.byEmail(email);
      if (agent === undefined) continue;
      const identity = { workspaceId: workspace.id, userId: as<UserId>(id), agentId: agent.id, how: 'admin' } as const;
      await store.transaction((tx) => admit(tx, identity, { kind: 'program', source: 'test' }, new Date()));
      admitted.push(id);
    }
    return admitted;
  } finally {
    await store.close();
  }
}
