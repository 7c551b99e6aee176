/**
 * `npm run bench -- map --images 100000`: vectors in random clusters, laid onto a plane as a trainer child does it, and drawn by the
 * dashboard in a Chromium without a screen, from a server that answers as the API would. Prints how long the map takes to make, how
 * large it is, when its first picture is there, and how many pictures a second there are while it is dragged.
 */
import { mkdtemp, open, readFile, rm, stat } from 'node:fs/promises'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { chromium, type Page } from 'playwright-core'
import { buildDashboard, DASHBOARD_FOLDER } from '../src/composition/dashboard-build.ts'
import { FIRST_DRAWN } from '../src/dashboard/features/map/first-drawn.ts'
import { dashboardPolicy } from '../src/http/core/security-headers.ts'
import { prng } from '../src/math/prng.ts'
import { mapVectors } from '../src/serving/map-vectors.ts'

const { values } = parseArgs({
  options: {
    images: { type: 'string', default: '100000' },
    dimensions: { type: 'string', default: '384' },
    seconds: { type: 'string', default: '4' }
  }
})
const [images, dimensions, seconds] = [values.images, values.dimensions, values.seconds].map(Number) as [
  number,
  number,
  number
]
const CLUSTERS = 100
const AT_ONCE = 1000
const SET = 'vec_01jexample'
const CHROMIUM = process.env['KAPPA_CHROMIUM'] ?? '/usr/bin/chromium'

/** Centers of different weight, or no two directions would stand out. */
async function writeVectors(vectorsPath: string, imagesPath: string): Promise<void> {
  const centers = Array.from({ length: CLUSTERS }, (_, cluster) => {
    const { normal } = prng(1, cluster)
    return Float32Array.from({ length: dimensions }, (_, i) => (3 * normal()) / Math.sqrt(i + 1))
  })
  const { normal, integer } = prng(2)
  const [vectors, lines] = [await open(vectorsPath, 'w'), await open(imagesPath, 'w')]
  for (let from = 0; from < images; from += AT_ONCE) {
    const rows = Array.from({ length: Math.min(AT_ONCE, images - from) }, () => integer(CLUSTERS))
    const numbers = rows.flatMap((cluster) => {
      const vector = centers[cluster]!.map((value) => value + 0.3 * normal())
      const length = Math.hypot(...vector)
      return Array.from(vector, (value) => value / length)
    })
    await vectors.write(new Uint8Array(Float32Array.from(numbers).buffer))
    const known = rows.map((cluster) => ({ label: `class-${cluster % 20}`, prototype: cluster, log_density: -cluster }))
    await lines.write(known.map((row) => `${JSON.stringify(row)}\n`).join(''))
  }
  await vectors.close()
  await lines.close()
}

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml'
}

/** The pages as they are served, and of the API what the map asks for. */
async function serve(mapPath: string): Promise<{ readonly url: string; readonly close: () => void }> {
  const set = { id: SET, object: 'vector_set', name: 'a bench', dataset: 'ds_01jexample@1', status: 'succeeded' }
  const headers = { 'content-security-policy': dashboardPolicy(null) }
  const send = (response: ServerResponse, type: string, body: Buffer | string) =>
    response.writeHead(200, { ...headers, 'content-type': type }).end(body)
  const server = createServer(async ({ url = '/' }, response) => {
    const { pathname } = new URL(url, 'http://here')
    if (pathname.endsWith('/map')) return send(response, 'application/json', await readFile(mapPath))
    if (pathname.startsWith('/v1/vector-sets/')) return send(response, 'application/json', JSON.stringify(set))
    if (pathname.startsWith('/v1/')) return send(response, 'application/json', '{"data":[],"has_more":false}')
    const file = join(DASHBOARD_FOLDER, pathname === '/' ? 'index.html' : pathname)
    return send(response, TYPES[extname(file)] ?? 'text/html', await readFile(file))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo // it listens on a port
  return { url: `http://127.0.0.1:${port}`, close: () => server.close() }
}

/** Asked for again and again: the pages' content security policy lets no text become a function that waits in them. */
async function firstDrawn(page: Page): Promise<number> {
  for (let tries = 0; tries < 6000; tries++) {
    const at = await page.evaluate<number>(`performance.getEntriesByName('${FIRST_DRAWN}')[0]?.startTime ?? 0`)
    if (at > 0) return at
    await setTimeout(20)
  }
  throw new Error('the map was not drawn')
}

/** Pictures while a pointer goes to and fro, as the browser counts them. */
async function framesOf(page: Page): Promise<number> {
  const box = await page.locator('.map').boundingBox()
  if (box === null) throw new Error('there is no map')
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2]
  await page.evaluate(`window.frames_ = 0; (function next() { window.frames_++; requestAnimationFrame(next) })()`)
  await page.mouse.move(x, y)
  await page.mouse.down()
  const from = performance.now()
  for (let step = 0; performance.now() - from < 1000 * seconds; step++)
    await page.mouse.move(x + 100 * Math.sin(step / 10), y + 60 * Math.cos(step / 10))
  const frames = await page.evaluate<number>('window.frames_')
  const took = (performance.now() - from) / 1000
  await page.mouse.up()
  return frames / took
}

const folder = await mkdtemp(join(tmpdir(), 'kappa-map-'))
const [vectorsPath, imagesPath, mapPath] = [join(folder, 'v'), join(folder, 'i'), join(folder, 'm')]
try {
  await writeVectors(vectorsPath, imagesPath)
  const [from, cpu] = [performance.now(), process.cpuUsage()]
  await mapVectors({ vectorsPath, imagesPath, dimensions, every: 1, mapPath })
  const { user } = process.cpuUsage(cpu)
  const { explained, fitted_on: fitted } = JSON.parse(await readFile(mapPath, 'utf8'))
  const made = `${((performance.now() - from) / 1000).toFixed(1)} s, ${(user / 1e6).toFixed(1)} s of a processor`
  const size = ((await stat(mapPath)).size / 1e6).toFixed(1)
  process.stdout.write(
    `${images} × ${dimensions}: made in ${made}; ${size} MB; axes of ${fitted}, which show ${explained}\n`
  )
  await buildDashboard()
  const { url, close } = await serve(mapPath)
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-dev-shm-usage'] })
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
  await page.goto(`${url}/#key=a-key`)
  await page.getByRole('heading', { level: 1 }).waitFor()
  const asked = await page.evaluate<number>(`performance.now() + 0 * (location.hash = '#/maps/${SET}').length`)
  const drawn = await firstDrawn(page)
  const rate = (await framesOf(page)).toFixed(1)
  const renderer = await page.evaluate<string>(
    `(() => { const gl = document.createElement('canvas').getContext('webgl2'); return gl.getParameter(gl.RENDERER) })()`
  )
  process.stdout.write(
    `first picture ${((drawn - asked) / 1000).toFixed(2)} s after the link; ${rate} a second while dragged; ${renderer}\n`
  )
  await browser.close()
  close()
} finally {
  await rm(folder, { recursive: true, force: true })
}
