// Files from customers, in Discord.
import { filesSuite } from './files-suite.ts';

filesSuite('discord');
