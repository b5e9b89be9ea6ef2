// Who may import whom: the folders' directions, each package's home, and what the pure files stay clear of.
// tests/unit/house/boundaries.test.ts plants one violation of each rule below and sees it caught.

/** What a folder may import of ours, beside itself. A facade is the one file of a folder that others see. */
const PORTS = '^src/platforms/[^/]+\\.ts$';
const folder = (...names) => `^src/(${names.join('|')})/`;
const FACADES = {
  access: '^src/access/access\\.ts$',
  bridge: '^src/bridge/bridge\\.ts$',
  metrics: '^src/metrics/metrics\\.ts$',
  tickets: '^src/tickets/tickets\\.ts$',
};

const FOLDERS = {
  domain: { from: folder('domain'), may: [] },
  runtime: { from: folder('runtime'), may: [] },
  store: { from: folder('store'), may: [folder('domain', 'runtime')] },
  ports: { from: PORTS, may: [PORTS, folder('domain')] },
  adapters: {
    from: '^src/platforms/([^/]+)/',
    may: ['^src/platforms/$1/', PORTS, folder('domain', 'runtime', 'media')],
  },
  media: { from: folder('media'), may: [folder('domain', 'runtime')] },
  tickets: { from: folder('tickets'), may: [folder('store', 'domain', 'runtime')] },
  metrics: { from: folder('metrics'), may: [folder('store', 'domain', 'runtime')] },
  access: { from: folder('access'), may: [folder('store', 'domain', 'runtime'), PORTS, FACADES.tickets] },
  bridge: {
    from: folder('bridge'),
    may: [folder('store', 'media', 'domain', 'runtime'), PORTS, FACADES.access, FACADES.tickets],
  },
  commands: { from: folder('commands'), may: [folder('store', 'domain', 'runtime'), ...Object.values(FACADES)] },
  'admin-web': {
    from: '^src/admin-web/server/',
    may: ['^src/admin-web/server/', folder('store', 'domain', 'runtime'), ...Object.values(FACADES)],
  },
  config: { from: '^src/config\\.ts$', may: [folder('domain', 'runtime')] },
};

/** Where a package may be imported; one that isn't here has no home yet, and may be imported nowhere. */
const HOMES = [
  { packages: ['@mikro-orm/[^/]+', 'kysely'], at: folder('store') },
  { packages: ['pg'], at: folder('store', 'runtime') },
  { packages: ['pino'], at: folder('runtime') },
  { packages: ['nodemailer'], at: folder('runtime') },
  { packages: ['@slack/[^/]+'], at: '^src/platforms/slack/' },
  { packages: ['discord\\.js', '@discordjs/[^/]+', 'discord-api-types'], at: '^src/platforms/discord/' },
  { packages: ['@whiskeysockets/baileys', 'libsignal', '@noble/curves'], at: '^src/platforms/whatsapp/' },
  { packages: ['undici'], at: '^src/platforms/[^/]+/' },
  { packages: ['sharp', 'ogg-opus-decoder', 'wasm-media-encoders'], at: folder('media') },
  { packages: ['node-cron', 'satori', '@resvg/[^/]+'], at: folder('metrics') },
  { packages: ['express', 'helmet', 'better-auth', 'prom-client'], at: '^src/admin-web/server/' },
  { packages: ['react', 'react-dom', '@mantine/[^/]+', '@tanstack/[^/]+'], at: '^src/admin-web/pages/' },
  { packages: ['qrcode'], at: '^src/(commands|admin-web)/' },
  // Not an SDK of anything: a parser of what comes from outside, and the numbering plans of the world.
  { packages: ['zod'], at: '^src/(?!domain/|runtime/|platforms/[^/]+\\.ts$)' },
  { packages: ['libphonenumber-js'], at: '^src/(?!domain/|runtime/|platforms/[^/]+\\.ts$)' },
];
// A package that isn't installed is found under its bare name.
const inPackages = (packages) => `(^|/node_modules/|^node_modules/)(@types/)?(${packages.join('|')})(/|$)`;
const FROM_NPM = ['npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-no-pkg', 'npm-unknown'];

const PURE = [
  '^src/access/policy\\.ts$',
  '^src/bridge/(compose|channel-name)\\.ts$',
  '^src/tickets/(rules|card)\\.ts$',
  '^src/metrics/(figures|present)\\.ts$',
  '^src/commands/tree\\.ts$',
  '^src/platforms/[^/]+/(text|ids|receive|present)\\.ts$',
];

/** The part of a rule's name that says which package it is about: `@slack/[^/]+` → `slack`, `discord\\.js` → `discord.js`. */
const plainName = (pattern) => pattern.replace('/[^/]+', '').replace('@', '').replace('\\', '').replace('/', '-');

module.exports = {
  forbidden: [
    ...Object.entries(FOLDERS).map(([name, { from, may }]) => ({
      name: `folder-${name}`,
      comment: `What ${name} may import of ours stands in FOLDERS.`,
      severity: 'error',
      from: { path: from },
      to: { path: '^src/', pathNot: name === 'adapters' || name === 'admin-web' ? may : [from, ...may] },
    })),
    {
      name: 'folder-pages',
      comment: 'The pages know themselves and the types of the API.',
      severity: 'error',
      from: { path: '^src/admin-web/pages/' },
      to: { path: '^src/', pathNot: ['^src/admin-web/'] },
    },
    {
      name: 'pages-server-values',
      comment: 'The pages take types from the server, never values: those would drag it into the browser.',
      severity: 'error',
      from: { path: '^src/admin-web/pages/' },
      to: { path: '^src/admin-web/server/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'pages-node',
      comment: 'A browser has no Node.js.',
      severity: 'error',
      from: { path: '^src/admin-web/pages/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'adapter-by-index',
      comment: 'Only main.ts knows adapters, and only by their index.ts.',
      severity: 'error',
      from: { path: '^src/main\\.ts$' },
      to: { path: '^src/platforms/[^/]+/', pathNot: '^src/platforms/[^/]+/index\\.ts$' },
    },
    {
      name: 'main-is-the-root',
      comment: 'The composition root is imported by nobody.',
      severity: 'error',
      from: { path: '^(src|simulators)/' },
      to: { path: '^src/main\\.ts$' },
    },
    ...HOMES.map(({ packages, at }) => ({
      name: `package-${plainName(packages[0])}`,
      comment: `${packages.map(plainName).join(', ')}: only where HOMES says.`,
      severity: 'error',
      from: { path: '^src/', pathNot: at },
      to: { path: inPackages(packages) },
    })),
    {
      name: 'package-without-home',
      comment: 'A package is imported in one place: say where in HOMES.',
      severity: 'error',
      from: { path: '^src/', pathNot: '\\.generate\\.mjs$' },
      to: { dependencyTypes: FROM_NPM, pathNot: HOMES.map(({ packages }) => inPackages(packages)) },
    },
    {
      name: 'package-not-in-production',
      comment:
        'What the program imports stands under dependencies in package.json; types may stand under devDependencies.',
      severity: 'error',
      from: { path: '^src/', pathNot: '\\.generate\\.mjs$' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'pure-ours',
      comment: 'A pure file imports neither store nor runtime, not even their types.',
      severity: 'error',
      from: { path: PURE },
      to: { path: folder('store', 'runtime') },
    },
    {
      name: 'pure-package',
      comment: "A pure file imports no SDK's values; its types are fine.",
      severity: 'error',
      from: { path: PURE },
      to: {
        dependencyTypes: FROM_NPM,
        dependencyTypesNot: ['type-only'],
        pathNot: inPackages(['zod', 'libphonenumber-js']),
      },
    },
    {
      name: 'pure-outside',
      comment: 'A pure file touches neither files nor the network nor other processes.',
      severity: 'error',
      from: { path: PURE },
      to: {
        dependencyTypes: ['core'],
        path: '^(node:)?(fs|http|http2|https|net|tls|dns|dgram|child_process|worker_threads|cluster|os|timers)(/|$)',
      },
    },
    {
      name: 'src-alone',
      comment: 'The program imports neither its stand-ins nor its tests.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(simulators|tests|bench)/' },
    },
    {
      name: 'simulators-alone',
      comment: 'Stand-ins are written from the protocol: what they share with the program they could not find wrong.',
      severity: 'error',
      from: { path: '^simulators/' },
      to: { path: '^(src|tests|bench)/' },
    },
    {
      name: 'bench-alone',
      comment: 'Measured runs use everything, and nothing uses them.',
      severity: 'error',
      from: { path: '^(?!bench/)' },
      to: { path: '^bench/' },
    },
    {
      name: 'no-cycle',
      comment: 'Values that need each other while loading come in an order nobody chose. Types may go round.',
      severity: 'error',
      from: { path: '^(src|simulators)/' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'not-found',
      comment: 'An import that leads nowhere.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    // TypeScript 7 has no interface for other tools, so swc reads the files.
    parser: 'swc',
    // Types count as well: a folder that knows another's types knows it.
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
