// The straight line in Discord.
import { straightLineSuite } from './straight-line-suite.ts';

straightLineSuite('discord');
