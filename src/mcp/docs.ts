/** The pages of docs/ as they lie beside the program: what an assistant reads is what holds of this version. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

export interface DocsPage {
  /** Of the file, such as `metrics.md`. */
  readonly name: string
  readonly title: string
}

export async function docsPages(folder: string): Promise<DocsPage[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.md')).sort()
  return Promise.all(
    names.map(async (name) => {
      const text = await readFile(join(folder, name), 'utf8')
      return { name, title: /^# (.+)$/m.exec(text)?.[1] ?? name }
    })
  )
}

/** Of a name that docsPages has: nothing else of the disk is read. Null where there is none. */
export async function docsPage(folder: string, name: string): Promise<string | null> {
  const isThere = (await docsPages(folder)).some((page) => page.name === name)
  return isThere ? readFile(join(folder, name), 'utf8') : null
}

/** Rows of a page's tables whose first cell is the name in code quotes, under the header of their table. */
export function rowsOf(page: string, names: readonly string[]): string[] {
  const rows = new Map<string, string>()
  let header: readonly string[] = []
  for (const line of page.split('\n')) {
    if (!line.startsWith('|')) {
      header = []
      continue
    }
    const cells = line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim())
    if (header.length === 0) header = cells
    const name = /^`([^`]+)`$/.exec(cells[0] ?? '')?.[1]
    if (name !== undefined) rows.set(name, header.map((title, i) => `${title}: ${cells[i] ?? ''}`).join('; '))
  }
  return names.flatMap((name) => rows.get(name) ?? [])
}
