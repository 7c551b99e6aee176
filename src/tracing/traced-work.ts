/** Transactions and calls of the object store as parts of what they are made for. Outside of a recorded span they cost nothing more than that look. */
import type { Attributes, Tracing } from '../base/tracing.ts'
import type { ObjectStore } from '../domain/ports.ts'
import type { UnitOfWork } from '../domain/stores.ts'

const TRANSACTION: Attributes = { 'db.system.name': 'postgresql' }

export const traceTransactions =
  (tracing: Tracing, unitOfWork: UnitOfWork): UnitOfWork =>
  (work, how) =>
    tracing.step('transaction', TRANSACTION, () => unitOfWork(work, how))

/** Those that ask the store something; URLs are signed here, and never told. */
const CALLS = [
  'put',
  'putFile',
  'get',
  'getRange',
  'getFile',
  'head',
  'removePrefix',
  'startUpload',
  'finishUpload',
  'abortUpload'
] as const satisfies readonly (keyof ObjectStore)[]

export function traceObjects(tracing: Tracing, objects: ObjectStore): ObjectStore {
  const traced = CALLS.map((name) => {
    const call = objects[name] as (key: string, ...rest: unknown[]) => Promise<unknown>
    const wrapped = (key: string, ...rest: unknown[]) =>
      tracing.step(`objects ${name}`, { 'kappa.object_key': key }, () => call.call(objects, key, ...rest))
    return [name, wrapped] as const
  })
  return { ...objects, ...Object.fromEntries(traced) } as ObjectStore // the same names and signatures
}
