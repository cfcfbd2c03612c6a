import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig, type Rollup } from 'vite';

const gateway = process.env.GATEWAY ?? 'http://127.0.0.1:5000';

// `npm run dev` shows the page beside a gateway that runs elsewhere. The Host stays the page's own, so that the
// gateway takes its WebSockets as coming from itself.
const proxy = { '/api': { target: gateway, ws: true, changeOrigin: false } };

// What the page needs at once is one file instead of twenty: each request costs more than its bytes.
function isLoadedFirst(id: string, getModuleInfo: Rollup.GetModuleInfo): boolean {
  const above = new Set([id]);
  for (const each of above) {
    const info = getModuleInfo(each);
    if (info?.isEntry) return true;
    info?.importers.forEach((importer) => above.add(importer));
  }
  return false;
}

export default defineConfig({
  plugins: [svelte()],
  server: { proxy },
  preview: { proxy },
  build: {
    target: 'es2022',
    // Everything is a file of its own: the page's policy allows nothing inline.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rollupOptions: { output: { manualChunks: (id, { getModuleInfo }) => (isLoadedFirst(id, getModuleInfo) ? 'first' : undefined) } },
  },
  test: { include: ['tests/unit/**/*.test.ts'] },
} as Parameters<typeof defineConfig>[0]);
