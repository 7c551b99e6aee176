/** How many images of a dataset have which label. Memory grows with the number of different labels. */
import { type LabelCounts, MOST_COUNTED } from '../recipe/dataset-report.ts'

/** As its source has it: the name of a class, or a number. */
export type DraftLabel = string | number | null

export function createLabelCounts() {
  const counts = new Map<DraftLabel, number>()
  return {
    add(label: DraftLabel): void {
      counts.set(label, (counts.get(label) ?? 0) + 1)
    },
    /** Names that came. */
    names: (): string[] => [...counts.keys()].filter((label) => typeof label === 'string'),
    /** @param numberOf what a label has become; null for none */
    finish(numberOf: (label: DraftLabel) => number | null): LabelCounts {
      const ofNumber = new Map<number, number>()
      let unlabelled = 0
      for (const [draft, images] of counts) {
        const label = numberOf(draft)
        if (label === null) unlabelled += images
        else ofNumber.set(label, (ofNumber.get(label) ?? 0) + images)
      }
      const sorted = [...ofNumber].sort(([a, ofA], [b, ofB]) => ofB - ofA || a - b)
      const mostFrequent = sorted.slice(0, MOST_COUNTED).map(([label, images]) => ({ label, images }))
      return { labels: ofNumber.size, unlabelled, mostFrequent }
    }
  }
}
