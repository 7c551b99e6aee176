import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { RECIPE_FIELDS } from '../../../src/recipe/fields.ts'
import { PRESET_NAMES } from '../../../src/recipe/presets.ts'

const DOCS = resolve(import.meta.dirname, '../../../docs')

test('docs/hyperparameters.md has one row for every field of a recipe, and no other', async () => {
  const lines = (await readFile(join(DOCS, 'hyperparameters.md'), 'utf8')).split('\n')
  const rows = lines.flatMap((line) => /^\| `([a-z_.]+)` \|/.exec(line)?.[1] ?? [])
  const fields = RECIPE_FIELDS.filter(({ isGroup }) => !isGroup).map(({ name }) => name)
  assert.deepEqual(rows.toSorted(), fields.toSorted())
})

test('every row says meaning, range, the rule of auto and when to change it', async () => {
  const lines = (await readFile(join(DOCS, 'hyperparameters.md'), 'utf8')).split('\n')
  for (const line of lines.filter((one) => one.startsWith('| `'))) {
    const cells = line.split(' | ').map((cell) => cell.replaceAll('|', '').trim())
    assert.equal(cells.length, 5, line)
    assert.ok(
      cells.every((cell) => cell !== ''),
      line
    )
  }
})

test('docs/presets.md has a section for every preset', async () => {
  const text = await readFile(join(DOCS, 'presets.md'), 'utf8')
  for (const name of PRESET_NAMES) assert.ok(text.includes(`\n## \`${name}\`\n`), name)
})
