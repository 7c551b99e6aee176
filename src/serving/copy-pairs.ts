/** Which images of the queries are copies of the bank's: their names and the places where they lie say so. */
import { realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '../base/errors.ts'
import { foldersOfOneMetric, type NamedFeatures, originalOf, originalsByName } from '../evaluation/copy-detection.ts'
import type { ImageOrigin } from './embed-images.ts'

/** What was read of one source. */
export interface NamedSource extends NamedFeatures {
  readonly origin: ImageOrigin
}

export interface FoundCopies {
  readonly copies: NamedFeatures
  /** How many images of the queries are files of the bank. */
  readonly itself: number
}

/**
 * Files of the bank are no copies: queries of a folder that has the originals in it would find each by itself, at 100 %. Names
 * alone cannot tell, as a copy may be called as its original is.
 *
 * @throws AppError evaluation_impossible where no copy has its original, or where two folders of copies would be one metric
 */
export async function copiesAmong(queries: NamedSource, bank: NamedSource): Promise<FoundCopies> {
  const ofBank = new Set(await pathsOf(bank))
  const paths = await pathsOf(queries)
  const rows = [...paths.keys()].filter((row) => !ofBank.has(paths[row]!))
  if (rows.length === 0) throw impossible('needs copies, and all images of the queries are files of the bank')
  const dim = queries.features.length / paths.length
  const features = new Float32Array(rows.length * dim)
  for (const [to, row] of rows.entries()) features.set(queries.features.subarray(row * dim, (row + 1) * dim), to * dim)
  const names = rows.map((row) => queries.names[row]!)
  checkNames(names, bank)
  return { copies: { features, names }, itself: paths.length - rows.length }
}

function checkNames(names: readonly string[], bank: NamedSource): void {
  const known = originalsByName(bank)
  const judged = names.filter((name) => known.has(originalOf(name) ?? ''))
  if (judged.length === 0) {
    const example = `${names[0]} of the queries and ${bank.names[0]} of the bank`
    throw impossible(
      `finds no original of any copy: names share all but their last two characters, and ${example} do not`
    )
  }
  const alike = foldersOfOneMetric(judged)
  if (alike === null) return
  const [one, other] = alike
  throw impossible(
    `has one metric for each folder of copies, and those of ${one}/ and ${other}/ would be one: rename a folder`
  )
}

/** Links are followed; members of archives have no path of their own, and lie where their archive's folder says. */
async function pathsOf({ origin, names }: NamedSource): Promise<string[]> {
  const root = await realpath(origin.path)
  return Promise.all(
    names.map((name) => {
      const path = join(root, name)
      return realpath(path).catch(() => path)
    })
  )
}

const impossible = (why: string): AppError =>
  new AppError('evaluation_impossible', { message: `copy_detection ${why}.` })
