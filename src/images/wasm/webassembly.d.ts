/** What we use of WebAssembly's JavaScript interface: TypeScript declares it with the browser's DOM only. */
declare namespace WebAssembly {
  interface Memory {
    readonly buffer: ArrayBuffer
    grow(pages: number): number
  }
  const Module: new (bytes: BufferSource) => object
  const Instance: new (module: object) => { readonly exports: object }
  type BufferSource = ArrayBuffer | Uint8Array<ArrayBuffer>
}
