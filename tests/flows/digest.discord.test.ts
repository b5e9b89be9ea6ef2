// Digests and reminders, with Discord as the place of work.
import { digestSuite } from './digest-suite.ts';

digestSuite('discord');
