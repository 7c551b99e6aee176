/** The report of a dataset for people at a terminal. */
import { type BitCounts, bitsOfAll, WHOLE_RANGE } from '../recipe/bits.ts'
import type { DatasetReport, Quantiles } from '../recipe/dataset-report.ts'

const range = ({ min, p50, max }: Quantiles): string => (min === max ? String(min) : `${min} … ${p50} … ${max}`)

function ofWords(counts: BitCounts | undefined): string {
  const bits = bitsOfAll(counts)
  return bits === null || bits === WHOLE_RANGE ? '' : `, whose samples use ${bits} of 16 bits`
}

export function reportInWords({
  width,
  height,
  gray,
  colour,
  deep,
  bits,
  bands,
  nearDuplicates
}: DatasetReport): string {
  const parts = [
    `${range(width)} px wide, ${range(height)} high (least … median … most)`,
    bands === undefined ? `${colour} in colour, ${gray} gray` : `${bands.mean.length} bands`
  ]
  if (deep > 0) parts.push(`${deep} of more than 8 bits${ofWords(bits)}`)
  if (nearDuplicates > 0) parts.push(`${nearDuplicates} look like an earlier one`)
  return `  ${parts.join('; ')}`
}
