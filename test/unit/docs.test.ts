/** What the documents point to is there: a map whose files have moved is worse than none. */
import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import { test } from 'node:test'

const ROOT = resolve(import.meta.dirname, '../..')
const DOCUMENTS = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'CHANGELOG.md',
  ...globSync(['docs/**/*.md', 'clients/*/README.md'], { cwd: ROOT })
].sort()

/** Targets of links, without their anchors; the web is not looked at. */
const linksOf = (text: string): string[] =>
  [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map((match) => match[1]!.split('#')[0]!)
    .filter((target) => !/^(https?:|$)/.test(target))

/** As hubs make them of headings. */
const anchorOf = (heading: string): string =>
  heading
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}_\- ]/gu, '')
    .trim()
    .replaceAll(' ', '-')

/** Links that name a heading, and do not find it: they lead to the top of a page, and nobody knows why. */
function deadAnchors(document: string, text: string): string[] {
  const targets = [...text.matchAll(/\]\(([^)\s#:]*)#([^)\s]+)\)/g)]
  return targets.flatMap(([, file, anchor]) => {
    const page = file === '' ? document : resolve(ROOT, dirname(document), file!)
    if (!page.endsWith('.md')) return []
    const headings = readFileSync(resolve(ROOT, page), 'utf8').matchAll(/^#+ (.+)$/gm)
    return [...headings].some(([, heading]) => anchorOf(heading!) === anchor) ? [] : [`${file}#${anchor}`]
  })
}

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

  test(`every heading that ${document} links to is there`, () => {
    assert.deepEqual(deadAnchors(document, readFileSync(resolve(ROOT, document), 'utf8')), [])
  })
}

test('the method’s page maps its equations to files of the lab', () => {
  const text = readFileSync(resolve(ROOT, 'docs/method.md'), 'utf8')
  const sections = text.split(/^## /m).slice(1)
  assert.equal(sections.length, 8)
  for (const section of sections) assert.ok(linksOf(section).length >= 2, section.slice(0, 40))
  assert.equal(text.match(/^```/gm)!.length % 2, 0)
})

test('the index of decisions has every one of them, with its title and a status', () => {
  const index = readFileSync(resolve(ROOT, 'docs/decisions/README.md'), 'utf8')
  const pages = globSync('docs/decisions/[0-9]*.md', { cwd: ROOT }).sort()
  assert.ok(pages.length >= 6)
  for (const page of pages) {
    const [, number, title] = readFileSync(resolve(ROOT, page), 'utf8').match(/^# (\d+) · (.+)$/m) ?? []
    const row = index.split('\n').find((line) => line.startsWith(`| ${number} |`)) ?? ''
    assert.ok(row.includes(`[${title}](${basename(page)})`), page)
    assert.match(row, /\| (in force|superseded by \d+) \|$/)
  }
})

test('the changelog’s newest release is the version of the package, of the API, of the Python client and of the lock file', () => {
  const json = (name: string) => JSON.parse(readFileSync(resolve(ROOT, name), 'utf8'))
  const { version } = json('package.json')
  assert.equal(readFileSync(resolve(ROOT, 'CHANGELOG.md'), 'utf8').match(/^## ([\d.]+)/m)?.[1], version)
  assert.equal(json('package-lock.json').version, version)
  const python = readFileSync(resolve(ROOT, 'clients/python/pyproject.toml'), 'utf8')
  assert.ok(python.includes(`\nversion = "${version}"\n`))
  assert.ok(readFileSync(resolve(ROOT, 'openapi.yaml'), 'utf8').includes(`  version: ${version}\n`))
})
