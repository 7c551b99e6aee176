import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { test } from 'node:test'
import ts from 'typescript'
import { LAYERS } from './layers.ts'

const SRC = resolve(import.meta.dirname, '../../src')
const posix = (path: string) => path.split(sep).join('/')

const sourceFiles = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.tsx?$/.test(file) && !file.includes('dist'))
  .map((file) => join(SRC, file))

const importsOf = (file: string) =>
  ts.preProcessFile(readFileSync(file, 'utf8'), true, true).importedFiles.map((imported) => imported.fileName)

function breaches(file: string): string[] {
  const name = posix(relative(SRC, file))
  if (!name.includes('/')) return []
  const layer = name.split('/')[0]!
  const rule = LAYERS[layer]
  if (!rule) return [`${name}: its folder has no row in layers.ts`]
  return importsOf(file).flatMap((specifier) => {
    if (specifier.startsWith('node:')) return []
    if (!specifier.startsWith('.')) {
      return rule.packages.some((allowed) => allowed.test(specifier)) ? [] : [`${name} -> package ${specifier}`]
    }
    const target = posix(relative(SRC, resolve(dirname(file), specifier)))
    const targetLayer = target.includes('/') ? target.split('/')[0]! : '(entry)'
    const isAllowed = targetLayer === layer || rule.may.includes(targetLayer) || rule.files?.includes(target)
    return isAllowed ? [] : [`${name} -> ${target} (may: ${[...rule.may, ...(rule.files ?? [])].join(', ')})`]
  })
}

test('every import respects the layer table', () => {
  assert.ok(sourceFiles.length > 20, 'the sources were found')
  assert.deepEqual(sourceFiles.flatMap(breaches), [])
})

test('there are no import cycles', () => {
  const state = new Map<string, 'open' | 'done'>()
  const cycles: string[] = []
  const visit = (file: string, trail: readonly string[]) => {
    if (state.get(file) === 'done') return
    if (state.get(file) === 'open') {
      cycles.push([...trail.slice(trail.indexOf(file)), file].map((one) => posix(relative(SRC, one))).join(' -> '))
      return
    }
    state.set(file, 'open')
    for (const specifier of importsOf(file)) {
      const target = resolve(dirname(file), specifier)
      if (specifier.startsWith('.') && sourceFiles.includes(target)) visit(target, [...trail, file])
    }
    state.set(file, 'done')
  }
  for (const file of sourceFiles) visit(file, [])
  assert.deepEqual(cycles, [])
})

test('no file is longer than 300 lines, blanks and comments not counted', () => {
  const tooLong = sourceFiles.flatMap((file) => {
    const lines = readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line.trim() !== '' && !/^\s*(\/\/|\/?\*)/.test(line))
    return lines.length > 300 ? [`${posix(relative(SRC, file))}: ${lines.length}`] : []
  })
  assert.deepEqual(tooLong, [])
})

test('the lab draws randomness and time only through its arguments', () => {
  const lab = /^(math|recipe|engine|images|ssl|training|inference)\//
  const breaches = sourceFiles.flatMap((file) => {
    const name = posix(relative(SRC, file))
    const isForbidden = lab.test(name) && /Math\.random|Date\.now|new Date\(\)/.test(readFileSync(file, 'utf8'))
    return isForbidden ? [name] : []
  })
  assert.deepEqual(breaches, [])
})
