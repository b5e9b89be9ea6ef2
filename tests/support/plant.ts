// Preloaded into programs of a test run with PLANT: puts the planted fault into the source as it is loaded.
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import { planted } from './plants.ts';

registerHooks({
  load: (url, context, nextLoad) => {
    const loaded = nextLoad(url, context);
    if (!url.startsWith('file:') || !url.includes('/src/') || loaded.source === undefined) return loaded;
    const { source } = loaded;
    const text = typeof source === 'string' ? source : Buffer.from(source as Uint8Array).toString();
    const withFault = planted(fileURLToPath(url), text);
    return withFault === undefined ? loaded : { ...loaded, source: withFault };
  },
});
