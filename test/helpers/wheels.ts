/** An engine as `kappa engine install` knows them, of wheels of a few bytes, and a python3 whose pip brings them. */
import { createHash } from 'node:crypto'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Installable, Wheel } from '../../src/engine/xla/wheels.ts'
import { type PackedFile, zipOf } from './archives.ts'

export interface FakeWheel extends Pick<Wheel, 'kept' | 'below'> {
  readonly name: string
  readonly files: readonly PackedFile[]
}

export const textFile = (name: string, content = name): PackedFile => ({ name, content: Buffer.from(content) })

/** Writes the wheels into the folder. */
export async function fakeEngine(folder: string, wheels: readonly FakeWheel[], version = '1.0'): Promise<Installable> {
  await mkdir(folder, { recursive: true })
  const pinned = wheels.map(async ({ name, files, ...rest }): Promise<Wheel> => {
    const file = `${name}-${version}-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl`
    const content = zipOf(files)
    await writeFile(join(folder, file), content)
    const sha256 = createHash('sha256').update(content).digest('hex')
    return { name, version, file, bytes: content.length, sha256, ...rest }
  })
  return { name: 'xla-fake', wheels: await Promise.all(pinned), plugin: 'plugin.so' }
}

/** A folder for the PATH. @param script of sh; `$dest` and `$wanted` (name==version) are what pip was asked for */
export async function fakePython(folder: string, script: string): Promise<string> {
  await mkdir(folder, { recursive: true })
  const path = join(folder, 'python3')
  await writeFile(path, `#!/bin/sh\necho "$*" >> "${folder}/calls"\n${READ_WORDS}\n${script}\n`)
  await chmod(path, 0o755)
  return folder
}

const READ_WORDS = 'while [ $# -gt 1 ]; do [ "$1" = --dest ] && dest=$2; shift; done; wanted=$1'
