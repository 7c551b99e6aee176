import assert from 'node:assert/strict'
import { test } from 'node:test'
import { filterForm, filterOf, filterQuery, isFiltered } from '../../../src/dashboard/features/runs/run-filter.ts'

const formOf = (text: string) => filterForm(new URLSearchParams(text))

test('archived runs are left out unless they are asked for, alone or too', () => {
  assert.deepEqual(filterOf(formOf('')), { archived: false })
  assert.deepEqual(filterOf(formOf('archived=only')), { archived: true })
  assert.deepEqual(filterOf(formOf('archived=too')), {})
  assert.deepEqual(filterQuery(formOf('archived=only&order=newest')), { archived: 'only' })
})

test('a list of runs that are not archived says that there is none yet, and one of the archived does not', () => {
  assert.deepEqual(
    ['', 'archived=too', 'archived=only', 'name=a'].map((text) => isFiltered(filterOf(formOf(text)))),
    [false, false, true, true]
  )
})
