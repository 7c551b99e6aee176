import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { test } from 'node:test'
import ts from 'typescript'
import { DASHBOARD_SOURCES } from '../../src/composition/dashboard-build.ts'
import { LAYERS } from './layers.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const SRC = join(ROOT, 'src')
const TESTS = join(ROOT, 'test')
const posix = (path: string) => path.split(sep).join('/')

const sourceFiles = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.tsx?$/.test(file) && !file.includes('dist'))
  .map((file) => join(SRC, file))

const importsOf = (file: string) =>
  ts.preProcessFile(readFileSync(file, 'utf8'), true, true).importedFiles.map((imported) => imported.fileName)

interface Use {
  readonly from: string
  readonly layer: string
  /** A folder of src/, or the name of a package. */
  readonly to: string
  readonly isPackage: boolean
}

const layerOf = (name: string) => (name.includes('/') ? name.split('/')[0]! : '(top)')

const uses: readonly Use[] = sourceFiles.flatMap((file) => {
  const from = posix(relative(SRC, file))
  const layer = layerOf(from)
  return importsOf(file).flatMap((specifier): Use[] => {
    if (specifier.startsWith('node:')) return []
    if (!specifier.startsWith('.')) return [{ from, layer, to: specifier, isPackage: true }]
    const to = layerOf(posix(relative(SRC, resolve(dirname(file), specifier))))
    return to === layer ? [] : [{ from, layer, to, isPackage: false }]
  })
})

const isAllowed = ({ layer, to, isPackage }: Use): boolean => {
  const rule = LAYERS[layer]
  return isPackage ? rule?.packages.some((one) => one.test(to)) === true : rule?.may.includes(to) === true
}

test('every import respects the layer table', () => {
  assert.ok(sourceFiles.length > 20, 'the sources were found')
  assert.deepEqual(
    uses.filter((use) => !isAllowed(use)).map(({ from, to }) => `${from} -> ${to}`),
    []
  )
})

test('every folder has a row, and every permission is used', () => {
  const folders = new Set(sourceFiles.map((file) => layerOf(posix(relative(SRC, file)))))
  assert.deepEqual([...folders].sort(), Object.keys(LAYERS).sort())
  const unused = Object.entries(LAYERS).flatMap(([layer, { may, packages }]) => {
    const own = uses.filter((use) => use.layer === layer)
    return [
      ...may.filter((name) => !own.some(({ to, isPackage }) => !isPackage && to === name)),
      ...packages.filter((one) => !own.some(({ to, isPackage }) => isPackage && one.test(to)))
    ].map((permission) => `${layer}: ${permission}`)
  })
  assert.deepEqual(unused, [])
})

test('the dashboard is built again when anything that it is built from has changed', () => {
  assert.deepEqual([...DASHBOARD_SOURCES].sort(), ['dashboard', ...LAYERS['dashboard']!.may].sort())
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

/** Written by a program, read by the compiler. */
const GENERATED = ['client/wire.ts'].map((name) => join(SRC, name))

test('no file that a person wrote is longer than 300 lines, blanks and comments not counted', () => {
  assert.deepEqual(
    GENERATED.filter((file) => !sourceFiles.includes(file)),
    []
  )
  const written = sourceFiles.filter((file) => !GENERATED.includes(file))
  const tests = readdirSync(TESTS, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join(TESTS, file))
  assert.ok(tests.length > 20, 'the tests were found')
  const tooLong = [...written, ...tests].flatMap((file) => {
    const lines = readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line.trim() !== '' && !/^\s*(\/\/|\/?\*)/.test(line))
    return lines.length > 300 ? [`${posix(relative(ROOT, file))}: ${lines.length}`] : []
  })
  assert.deepEqual(tooLong, [])
})

test('the lab draws randomness and time only through its arguments', () => {
  const lab = /^(math|recipe|engine|images|ssl|interop|evaluation|training|model|serving)\//
  const breaches = sourceFiles.flatMap((file) => {
    const name = posix(relative(SRC, file))
    const isForbidden = lab.test(name) && /Math\.random|Date\.now|new Date\(\)/.test(readFileSync(file, 'utf8'))
    return isForbidden ? [name] : []
  })
  assert.deepEqual(breaches, [])
})
