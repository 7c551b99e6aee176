import { type RefObject, useEffect, useRef, useState } from 'react'

/** Begun a little before it scrolls into view. */
const MARGIN = '300px'

/** Whether an element was in view yet: what a page shows far below is not asked for. */
export function useSeen<E extends Element>(): readonly [ref: RefObject<E | null>, isSeen: boolean] {
  const ref = useRef<E>(null)
  const [isSeen, setIsSeen] = useState(false)
  useEffect(() => {
    const { current } = ref
    if (current === null || isSeen) return
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some(({ isIntersecting }) => isIntersecting)) setIsSeen(true)
      },
      { rootMargin: MARGIN }
    )
    observer.observe(current)
    return () => observer.disconnect()
  }, [isSeen])
  return [ref, isSeen]
}
