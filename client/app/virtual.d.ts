declare module 'virtual:packs' {
  import type { CatalogueEntry } from '#client/tutor/learner-ports.tsx';
  export const catalogue: readonly CatalogueEntry[];
}
