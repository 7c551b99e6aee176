import type { ReactNode } from 'react'
import type { Drift, DriftWindow } from '../../../client/resources.ts'
import { AlarmBadge } from '../../components/alarm-badge.tsx'
import { Table } from '../../components/list.tsx'
import { Ago } from '../../components/time.tsx'
import { formatCount, formatNumber, formatPercent } from '../../format.ts'
import { whyNoDensity, whyNoPsi, windowsOf } from './drift-words.ts'

interface Props {
  readonly drift: Drift
  readonly hasFitted: boolean
}

const COLUMNS = [
  'Window',
  'Images',
  'PSI',
  'expected by chance',
  'limit',
  'Below the 5th percentile',
  'limit',
  'Below the 1st',
  ''
]

/** The one that is being counted, and those that have ended. */
export function DriftWindows({ drift, hasFitted }: Props) {
  const windows = windowsOf(drift)
  const whyNot = [
    ...windows.slice(0, 1).flatMap((window) => whyNoPsi(window, drift.training_images) ?? []),
    ...(windows[0]?.density === null ? [whyNoDensity(hasFitted)] : [])
  ]
  return (
    <>
      <Table
        label="Windows of served images"
        columns={COLUMNS}
        rows={windows.map((window) => ({ key: window.number, cells: cellsOf(window, drift.window_images) }))}
      />
      {whyNot.length > 0 && (
        <p className="muted small">
          A dash in window {windows[0]?.number}: {whyNot.join(' ')}
        </p>
      )}
    </>
  )
}

function cellsOf(window: DriftWindow, windowImages: number): readonly ReactNode[] {
  const { number, images, density, over, ended_at: ended } = window
  return [
    <span key="window" className="nowrap">
      {number}, {ended === null ? 'being counted' : <Ago at={ended} />}
    </span>,
    ended === null ? `${formatCount(images)} of ${formatCount(windowImages)}` : formatCount(images),
    formatNumber(window.psi, 3),
    formatNumber(window.psi_expected, 3),
    formatNumber(window.psi_limit, 3),
    formatPercent(density?.below_p5.share, 1),
    formatPercent(density?.limit, 1),
    density === null
      ? '–'
      : `${formatPercent(density.below_p1.share, 1)} (chance: ${formatPercent(density.below_p1.by_chance, 1)})`,
    over ? <AlarmBadge key="over" text={ended === null ? 'over so far' : 'over'} /> : ''
  ]
}
