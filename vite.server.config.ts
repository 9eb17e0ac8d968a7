import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  publicDir: false,
  build: {
    ssr: at('./sync-server/main.ts'),
    outDir: process.env.EG_SERVER_BUILD_DIR ?? at('./.tsbuild/dist/server'),
    target: 'node20',
    sourcemap: true,
    minify: false,
    emptyOutDir: true,
  },
});
