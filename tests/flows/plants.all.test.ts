// The checks of the checks, all of them.
import { plants } from '../support/plants.ts';
import { plantSuite } from './plants-suite.ts';

plantSuite(plants.all);
