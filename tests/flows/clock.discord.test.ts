// A clock that is far from Discord's.
import { clockSuite } from './clock-suite.ts';

clockSuite('discord');
