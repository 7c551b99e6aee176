/** Answers to questions that have one answer for ever: it is found once, for all who wait for it and for those that come later. */
import { createBoundedMap } from '../base/bounded-map.ts'

/** @param most that are kept; the one that was asked for longest ago goes */
export function createKeptAnswers<T>(most: number) {
  const answers = createBoundedMap<string, Promise<T>>(most)

  /** @throws what `find` throws, to all who wait; it is not kept */
  return (question: string, find: () => Promise<T>): Promise<T> => {
    const known = answers.get(question)
    if (known !== undefined) return known
    const found = find()
    answers.set(question, found)
    found.catch(() => {
      if (answers.get(question) === found) answers.delete(question)
    })
    return found
  }
}
