// Random cases come from TEST_SEED, which `npm test` prints: the same number makes the same cases again.
import * as fc from 'fast-check';

const { TEST_SEED } = process.env;
if (TEST_SEED !== undefined) fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(TEST_SEED) });
