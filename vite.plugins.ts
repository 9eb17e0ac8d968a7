import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';
import { sha256Hex } from './shared/crypto/sha256.ts';
import { buildEgpack, readEgpack } from './shared/packs/egpack.ts';
import type { Pack } from './shared/packs/schema.ts';

function filesOf(folder: string): Record<string, Uint8Array> {
  const files: Record<string, Uint8Array> = {};
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    files[path.slice(folder.length + 1).replaceAll('\\', '/')] = readFileSync(path);
  }
  return files;
}

interface ModuleGraph {
  getModuleInfo(id: string): { readonly importedIds: readonly string[] } | null;
}

/**
 * Puts what the learner's page loads first into one file, and into another what the staff's page loads first too. As many small files as modules are
 * shared by screens, forty, would wait for each other on a slow line. The page's script stays by itself: a screen that it awaits must not
 * import the file it is in.
 *
 * @param learner script of the learner's page
 * @param staff   script of the staff's page
 */
export function firstLoad(learner: string, staff: string) {
  const needed = new Map<string, ReadonlySet<string>>();
  const neededBy = (script: string, graph: ModuleGraph): ReadonlySet<string> => {
    const known = needed.get(script);
    if (known) return known;
    const found = new Set([script]);
    for (const id of found) for (const next of graph.getModuleInfo(id)?.importedIds ?? []) found.add(next);
    found.delete(script);
    needed.set(script, found);
    return found;
  };
  const group = (name: string, isShared: boolean, priority: number) => ({
    name: (id: string, graph: ModuleGraph) =>
      neededBy(learner, graph).has(id) && neededBy(staff, graph).has(id) === isShared ? name : null,
    debugName: name,
    priority,
  });
  return [group('shared', true, 2), group('learner', false, 1)];
}

/**
 * Checks every folder of public/packs by the rules of a pack file, and puts it into the build as /packs/NAME.pack, JSON under gzip: the browser opens
 * that by itself, so a learner's first download has neither zip nor validator. Lists them in the virtual module `virtual:packs`. A broken pack
 * fails the build.
 */
export function questionPacks(folder: string): Plugin {
  const names = () => readdirSync(folder, { withFileTypes: true }).flatMap((e) => (e.isDirectory() ? [e.name] : []));
  const checked = (name: string): Pack => {
    const pack = readEgpack(buildEgpack(filesOf(join(folder, name))));
    if (!pack.ok) throw new Error(`${name}: ${JSON.stringify(pack.fault)}`);
    return pack.value;
  };
  const packed = (pack: Pack) => gzipSync(JSON.stringify(pack), { level: 9 });
  const listing = () =>
    names().map((name) => {
      const pack = checked(name);
      const { id, version, title, description, languages, licence, itemCount } = pack.manifest;
      return { id, version, title, description, languages, licence, itemCount, bytes: packed(pack).length, url: `/packs/${name}.pack` };
    });
  return {
    name: 'examsgraph-packs',
    resolveId: (id) => (id === 'virtual:packs' ? '\0virtual:packs' : null),
    load: (id) => (id === '\0virtual:packs' ? `export const catalogue = ${JSON.stringify(listing())};` : null),
    configureServer(server) {
      server.middlewares.use((request, response, next) => {
        const name = /^\/packs\/([a-z0-9-]+)\.pack$/.exec(request.url ?? '')?.[1];
        if (name && names().includes(name)) response.end(packed(checked(name)));
        else next();
      });
    },
    generateBundle() {
      for (const name of names()) this.emitFile({ type: 'asset', fileName: `packs/${name}.pack`, source: packed(checked(name)) });
    },
  };
}

/** Lists the learning engine's files (worker, TF.js, wasm) in /engine.json, with the name of the cache they belong in. */
export function engineList(): Plugin {
  return {
    name: 'examsgraph-engine-list',
    apply: 'build',
    generateBundle: {
      order: 'post',
      handler(_options, bundle) {
        const files = Object.keys(bundle)
          .flatMap((name) => (/engine-|\.wasm$/.test(name) ? [`/${name}`] : []))
          .sort();
        const cache = `engine-${sha256Hex(new TextEncoder().encode(files.join('\n'))).slice(0, 12)}`;
        this.emitFile({ type: 'asset', fileName: 'engine.json', source: JSON.stringify({ cache, files }) });
      },
    },
  };
}

/** Put into the service worker by its own build, which no plugin sees. */
const IN_SERVICE_WORKER = ['workbox-core', 'workbox-precaching', 'workbox-routing'];

/**
 * Writes /licences.txt: every library whose code is in the build, the workers' included, with its licence in full.
 *
 * @returns the plugin of the build, and those of its workers
 */
export function licences(): { readonly main: Plugin; readonly worker: () => Plugin[] } {
  const found = new Map<string, string>();
  const collect = (ids: Iterable<string>) => {
    for (const id of ids) {
      const [path, name] = /^.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(id.replaceAll('\\', '/')) ?? [];
      if (path && name) found.set(name, path.slice(path.lastIndexOf('\0') + 1));
    }
  };
  const told = (folder: string): string => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<string, string>;
    const read = (pattern: RegExp) => {
      const file = readdirSync(folder).find((entry) => pattern.test(entry));
      return file ? readFileSync(join(folder, file), 'utf8') : undefined;
    };
    const inReadme = /^LICEN[CS]E\b[\s\S]*/im.exec(read(/^readme/i) ?? '')?.[0];
    // TensorFlow.js brings none; its licence is our own. The Unlicense asks for nothing.
    const text = read(/^licen[cs]e/i) ?? (license === 'Apache-2.0' ? readFileSync('LICENSE', 'utf8') : (inReadme ?? ''));
    if (text === '' && license !== 'Unlicense') throw new Error(`${name} says ${license} and brings no licence text`);
    return `## ${name} - ${version} (${license})\n\n${text.trim()}\n`;
  };
  return {
    main: {
      name: 'examsgraph-licences',
      apply: 'build',
      generateBundle() {
        collect(this.getModuleIds());
        for (const name of IN_SERVICE_WORKER) collect([fileURLToPath(import.meta.resolve(`${name}/package.json`))]);
        const texts = [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, folder]) => told(folder));
        this.emitFile({ type: 'asset', fileName: 'licences.txt', source: texts.join('\n') });
      },
    },
    worker: () => [
      {
        name: 'examsgraph-worker-licences',
        generateBundle() {
          collect(this.getModuleIds());
        },
      },
    ],
  };
}
