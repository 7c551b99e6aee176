/** What the pages tell people to type is there: each command of theirs that talks to a server, and each of its options. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { isRemoteEmbed, loadRemoteEmbed, REMOTE_COMMANDS } from '../../../src/cli/remote/commands.ts'

const ROOT = resolve(import.meta.dirname, '../../..')

/** Lines of blocks of a shell that begin with the command, without what is said behind `#`. */
function linesOf(page: string): string[] {
  const text = readFileSync(resolve(ROOT, page), 'utf8')
  return [...text.matchAll(/```sh\n([\s\S]*?)```/g)]
    .flatMap((match) => match[1]!.split(/\n|; do /))
    .map((line) => line.replace(/\s#.*$/, '').trim())
    .filter((line) => /^(npx )?kappa [a-z]/.test(line))
}

for (const page of ['README.md', ...globSync('docs/*.md', { cwd: ROOT })].sort()) {
  test(`every command for a server that ${page} shows is one, with its options`, async () => {
    for (const line of linesOf(page)) {
      const [name = '', ...args] = line.replace(/^(npx )?kappa /, '').split(/\s+/)
      const load = isRemoteEmbed(name, args) ? loadRemoteEmbed : REMOTE_COMMANDS[name]?.load
      if (load === undefined) continue // of the lab
      const { usage } = await load()
      const options = args.filter((word) => /^--[a-z]/.test(word)).map((word) => word.split(/[=;]/)[0]!)
      for (const option of options)
        assert.match(usage, new RegExp(`${option}\\b`), `${page}: ${line}: ${name} has no ${option}`)
      if (name === 'vector-set') assert.match(usage, new RegExp(`[ |]${args[0]}\\b`), line)
    }
  })
}

test('pages show commands for a server at all', () => {
  const shown = ['README.md', 'docs/remote.md', 'docs/search.md', 'docs/curation.md'].flatMap(linesOf).join('\n')
  for (const name of ['upload', 'run', 'vector-set make', 'vector-set pull', 'search', 'heat-map', 'batch', 'select'])
    assert.ok(shown.includes(`kappa ${name} `), name)
})
