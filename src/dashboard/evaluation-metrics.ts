/** Numbers of evaluations, as pages show them. */
import { formatNumber, formatPercent } from './format.ts'

/** Everything else is a share. */
const PLAIN = /^(rankme|alpha|log_likelihood|nmi_.*|ari_.*|.*_correlation)$/

/** By its name within its protocol. */
export const isShare = (metric: string): boolean => !PLAIN.test(metric)

export const formatMetric = (metric: string, value: number): string =>
  isShare(metric) ? formatPercent(value, 1) : formatNumber(value)
