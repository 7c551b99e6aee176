/** Numbers of evaluations, as pages show them. */
import { formatNumber, formatPercent } from './format.ts'

/** Everything else is a share. */
const PLAIN = /^(rankme|alpha|log_likelihood|nmi_.*|ari_.*|.*_correlation)$/

/** By its name within its protocol. */
export const isShare = (metric: string): boolean => !PLAIN.test(metric)

export const formatMetric = (metric: string, value: number): string =>
  isShare(metric) ? formatPercent(value, 1) : formatNumber(value)

interface Titled {
  readonly name: string | null
  /** Null for everything that can be run. */
  readonly protocols: readonly string[] | null
}

/** By its name, else by what it measures. */
export const evaluationTitle = ({ name, protocols }: Titled): string => name ?? protocols?.join(', ') ?? 'all protocols'
