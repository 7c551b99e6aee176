import { href } from '../../router.ts'

/** Where what an id means is looked at; null for what has no page. Prefixes are the API's. */
export function pageOf(subject: string): string | null {
  const [id = subject] = subject.split('@')
  const to = PAGES.get(id.slice(0, id.indexOf('_')))
  return to?.(id) ?? null
}

const PAGES = new Map<string, (id: string) => string>([
  ['run', href.run],
  ['swp', href.sweep],
  ['ds', href.dataset],
  ['mdl', href.model],
  ['eval', href.evaluation],
  ['vec', href.vectorSet],
  ['wh', href.webhook],
  ['key', () => href.keys()],
  ['prj', href.project]
])
