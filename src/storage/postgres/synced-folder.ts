import { fsyncSync } from 'node:fs'
import { NodeFS } from '@electric-sql/pglite/nodefs'

/** The part of Emscripten's NODEFS that is used here; PGlite's types stop before it. */
interface NodeFileSystems {
  readonly NODEFS: { readonly stream_ops: { fsync?: (stream: { readonly nfd: number }) => number } }
}

/**
 * The folder that PGlite keeps its files in, with an fsync that works. Emscripten's layer has none and reports success, and
 * PGlite therefore starts PostgreSQL with it switched off; a power cut could take confirmed commits along.
 */
export class SyncedFolder extends NodeFS {
  override async init(...[pg, options]: Parameters<NodeFS['init']>): ReturnType<NodeFS['init']> {
    const { emscriptenOpts } = await super.init(pg, options)
    const giveFsync = (module: { FS: unknown }) => {
      const { filesystems } = module.FS as { filesystems: NodeFileSystems }
      filesystems.NODEFS.stream_ops.fsync = ({ nfd }) => {
        fsyncSync(nfd)
        return 0
      }
    }
    const preRun = emscriptenOpts.preRun
    return { emscriptenOpts: { ...emscriptenOpts, preRun: [...(Array.isArray(preRun) ? preRun : []), giveFsync] } }
  }
}
