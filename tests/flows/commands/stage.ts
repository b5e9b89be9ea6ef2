// Who takes part in the tests of commands: an admin, a member with access, one without, and a stranger; and what each of them has asked.
import type { Phone } from '../../../simulators/whatsapp/index.ts';
import { channelWith, postWith } from '../desk.ts';
import { Town } from '../town.ts';
import type { PlatformName, TownChannel } from '../workspace.ts';
import { doorOf, type Asker, type Door } from './doors.ts';

export type Role = 'admin' | 'member with access' | 'member without access' | 'stranger';

/** Set up before the first test; tests stand on it in the order they're written. */
export interface Stage {
  readonly platform: PlatformName;
  town: Town;
  door: Door;
  office: Phone;
  mia: Phone;
  leo: Phone;
  nina: Phone;
  /** An admin. */
  ana: Asker;
  /** A member who sees Mia's chat. */
  cleo: Asker;
  /** A member who sees none. */
  dan: Asker;
  /** Nobody of the team. */
  stan: Asker;
  /** Shows no chat; all of them are in it. */
  lobby: TownChannel;
  miaChannel: TownChannel;
  /** Which commands each of them has given. */
  readonly given: Readonly<Record<Role, Set<string>>>;
}

/** The stage before `open`: only the platform is known. */
export const emptyStage = (platform: PlatformName): Stage =>
  ({
    platform,
    given: {
      admin: new Set(),
      'member with access': new Set(),
      'member without access': new Set(),
      stranger: new Set(),
    },
  }) as unknown as Stage;

export async function open(stage: Stage): Promise<void> {
  const town = await Town.build({ workspaces: [stage.platform] });
  stage.town = town;
  const phone = (number: string, name: string): Phone => town.whatsapp.createPhone({ number, name });
  stage.office = phone('4915110000001', 'Acme');
  stage.mia = phone('4915110000002', 'Mia Müller');
  stage.leo = phone('4915110000003', 'Leo');
  stage.nina = phone('4915110000004', 'Nina');
  const door = doorOf(town);
  stage.door = door;
  const asker = (role: Role, name: string, email: string): Asker => {
    const { give, ...rest } = door.asker(town.desk.addPerson(name, email));
    return {
      ...rest,
      give: (place, command, options) => {
        stage.given[role].add(command);
        return give(place, command, options);
      },
    };
  };
  stage.ana = asker('admin', 'Ana', 'ana@acme.test');
  stage.cleo = asker('member with access', 'Cleo', 'cleo@acme.test');
  stage.dan = asker('member without access', 'Dan', 'dan@acme.test');
  stage.stan = asker('stranger', 'Stan', 'stan@elsewhere.test');
  const others = [stage.cleo, stage.dan, stage.stan].map(({ person }) => person);
  stage.lobby = await door.openLobby(stage.ana.person, others);
  await town.start();
  await town.link(stage.office);
  await stage.mia.sendText(stage.office, 'Hello from Mia');
  await postWith(town, 'mia', 'Hello from Mia');
  await stage.leo.sendText(stage.office, 'Hello from Leo');
  await postWith(town, 'leo', 'Hello from Leo');
  stage.miaChannel = await channelWith(town, 'mia', [stage.ana.person]);
}
