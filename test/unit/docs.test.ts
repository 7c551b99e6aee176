/** What the documents point to is there: a map whose files have moved is worse than none. */
import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { test } from 'node:test'

const ROOT = resolve(import.meta.dirname, '../..')
const DOCUMENTS = ['README.md', 'ARCHITECTURE.md', ...globSync('docs/**/*.md', { cwd: ROOT })].sort()

/** Targets of links, without their anchors; the web is not looked at. */
const linksOf = (text: string): string[] =>
  [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map((match) => match[1]!.split('#')[0]!)
    .filter((target) => !/^(https?:|$)/.test(target))

/** File names in code spans: `src/…/name.ts`, `docs/cli.md`. */
const pathsOf = (text: string): string[] =>
  [...text.matchAll(/`((?:src|test|docs|bench|migrations|examples)\/[\w./-]+\.\w+)`/g)].map((match) => match[1]!)

for (const document of DOCUMENTS) {
  test(`every file that ${document} names exists`, () => {
    const text = readFileSync(resolve(ROOT, document), 'utf8')
    const folder = dirname(resolve(ROOT, document))
    const missing = [
      ...linksOf(text).filter((target) => !existsSync(resolve(folder, target))),
      ...pathsOf(text).filter((path) => !existsSync(resolve(ROOT, path)))
    ]
    assert.deepEqual(missing, [])
  })
}

test('the method’s page maps its equations to files of the lab', () => {
  const text = readFileSync(resolve(ROOT, 'docs/method.md'), 'utf8')
  const sections = text.split(/^## /m).slice(1)
  assert.equal(sections.length, 7)
  for (const section of sections) assert.ok(linksOf(section).length >= 2, section.slice(0, 40))
  assert.equal(text.match(/^```/gm)!.length % 2, 0)
})
