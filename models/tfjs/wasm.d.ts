declare module '*.wasm?url' {
  export const url: string;
  // biome-ignore lint/style/noDefaultExport: the shape Vite gives such imports
  export default url;
}
