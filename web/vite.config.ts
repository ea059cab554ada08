import tailwindcss from '@tailwindcss/vite'
import { defineConfig } from 'vite'

export default defineConfig({
  plugins: [tailwindcss()],
  esbuild: { jsx: 'automatic' },
  server: { proxy: { '/v1': 'http://127.0.0.1:7788' } },
  build: {
    outDir: '../dist/web',
    emptyOutDir: true,
    // The server's content security policy allows neither inline scripts nor data: fonts and styles.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: {
      onwarn: (warning, warn) => {
        // "use client" means nothing without a server that renders.
        if (warning.code !== 'MODULE_LEVEL_DIRECTIVE') warn(warning)
      },
    },
  },
})
