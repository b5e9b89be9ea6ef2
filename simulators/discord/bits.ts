// Permissions by name, as tests and people's gestures give them.
import { PermissionFlagsBits } from 'discord-api-types/v10';

/** The name of a permission, as discord.js has it. */
export type Permission = keyof typeof PermissionFlagsBits;

/** The bits of some permissions. */
export function bitsFor(permissions: readonly Permission[]): bigint {
  return permissions.reduce((sum, permission) => sum | PermissionFlagsBits[permission], 0n);
}
