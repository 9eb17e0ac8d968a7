import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { VitePWA } from 'vite-plugin-pwa';
import { defineConfig } from 'vitest/config';
import { engineList, firstLoad, licences, questionPacks } from './vite.plugins.ts';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const licensed = licences();
const engine = { entryFileNames: 'assets/engine-[name]-[hash].js', chunkFileNames: 'assets/engine-[name]-[hash].js' };

export default defineConfig({
  root: at('./client'),
  publicDir: at('./public'),
  worker: { format: 'es', plugins: licensed.worker, rolldownOptions: { output: engine } },
  plugins: [
    react(),
    questionPacks(at('./public/packs')),
    engineList(),
    licensed.main,
    VitePWA({
      registerType: 'prompt',
      injectRegister: false,
      // the browser keeps the icons it needs; offline only the page's own is drawn
      includeManifestIcons: false,
      manifest: {
        id: '/',
        name: 'ExamsGraph',
        short_name: 'ExamsGraph',
        description: 'Exam practice that learns on your own device.',
        start_url: '/',
        display: 'standalone',
        background_color: '#FBFAF7',
        theme_color: '#FBFAF7',
        icons: [
          { src: '/icons/icon-192.png', sizes: '192x192', type: 'image/png', purpose: 'any' },
          { src: '/icons/icon-512.png', sizes: '512x512', type: 'image/png', purpose: 'any' },
          { src: '/icons/maskable-512.png', sizes: '512x512', type: 'image/png', purpose: 'maskable' },
          { src: '/icons/icon.svg', sizes: 'any', type: 'image/svg+xml', purpose: 'any' },
        ],
      },
      workbox: {
        // a service worker may not import scripts by plain URL under Trusted Types
        inlineWorkboxRuntime: true,
        globPatterns: ['**/*.{js,css,html,svg,webmanifest}', 'models/start.{bin,json}', 'packs/*.pack', 'engine.json'],
        globIgnores: ['**/engine-*.js', '{dashboard,push}.html', '**/{dashboard,push}-*', '**/{test,bench}-hook-*'],
        navigateFallback: '/index.html',
        navigateFallbackDenylist: [/^\/(api|ajax-api|dashboard|push|health|healthz|readyz|metrics|version|licences)/],
        runtimeCaching: [
          {
            urlPattern: ({ url, sameOrigin }) => sameOrigin && (/\/assets\/engine-/.test(url.pathname) || url.pathname.endsWith('.wasm')),
            handler: async ({ request }) => (await caches.match(request)) ?? fetch(request),
          },
        ],
      },
    }),
  ],
  build: {
    target: 'es2022',
    outDir: process.env.EG_BUILD_DIR ?? at('./.tsbuild/dist/client'),
    emptyOutDir: true,
    chunkSizeWarningLimit: 1200,
    rolldownOptions: {
      input: { index: at('./client/index.html'), dashboard: at('./client/dashboard.html'), push: at('./client/push.html') },
      output: { codeSplitting: { groups: firstLoad(at('./client/app/main.tsx'), at('./client/dashboard/main.tsx')) } },
    },
  },
  server: { proxy: { '/api': 'http://127.0.0.1:3000', '/ajax-api': 'http://127.0.0.1:3000' } },
  test: {
    root: at('.'),
    // the server's tests wait for Postgres more than they work
    maxWorkers: 2,
    maxConcurrency: 3,
    projects: [
      { extends: true, test: { name: 'pure', environment: 'node', include: ['{shared,models}/**/*.test.ts'], testTimeout: 60_000 } },
      {
        extends: true,
        test: {
          name: 'server',
          environment: 'node',
          include: ['{sync-server,commands,scripts}/**/*.test.ts'],
          globalSetup: at('./sync-server/storage/test-cluster.ts'),
          // a slow machine is no fault
          testTimeout: 600_000,
          hookTimeout: 60_000,
        },
      },
      { extends: true, test: { name: 'client', environment: 'happy-dom', include: ['client/**/*.test.{ts,tsx}'], testTimeout: 60_000 } },
    ],
  },
});
