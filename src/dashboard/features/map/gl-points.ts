/**
 * Points on a canvas by WebGL 2: one draw call, however many there are. Of its own, because libraries for this make code from text at
 * run time, which the pages' content security policy refuses (docs/decisions/0033).
 */
import type { Points } from './points.ts'
import type { Size, View } from './view.ts'

const VERTEX = `#version 300 es
in vec2 place;
in vec3 colour;
in float isLeft;
uniform vec2 center;
uniform vec2 reach;
uniform float pointSize;
out vec4 fill;
void main() {
  gl_Position = vec4((place - center) / reach, 0.0, 1.0);
  gl_PointSize = pointSize;
  fill = vec4(colour, mix(0.8, 0.08, isLeft));
}`

/** A disc with a soft edge, of colours multiplied by their alpha as the page composes them. */
const FRAGMENT = `#version 300 es
precision mediump float;
in vec4 fill;
out vec4 pixel;
void main() {
  float far = length(gl_PointCoord - 0.5);
  float alpha = fill.a * (1.0 - smoothstep(0.38, 0.5, far));
  pixel = vec4(fill.rgb * alpha, alpha);
}`

/** Pixels of a point: many are drawn small, and grow as they are come near to. */
const sizeOf = (count: number, zoom: number): number =>
  Math.min(14, Math.max(2, 9 - 1.4 * Math.log10(Math.max(1, count))) * zoom ** 0.25)

export interface GlPoints {
  setColours(colours: Uint8Array<ArrayBuffer>): void
  /** One for each point that is left out of a selection, drawn faintly; 0 for the others. */
  setLeft(isLeft: Uint8Array<ArrayBuffer>): void
  draw(view: View, size: Size, zoom: number): void
  dispose(): void
}

/** @returns null where the browser has no WebGL 2 */
export function createGlPoints(canvas: HTMLCanvasElement, { count, places }: Points): GlPoints | null {
  const gl = canvas.getContext('webgl2', { antialias: false, premultipliedAlpha: true })
  if (gl === null) return null
  const program = compile(gl)
  // biome-ignore lint/correctness/useHookAtTopLevel: of WebGL, not of React
  gl.useProgram(program)
  gl.enable(gl.BLEND)
  gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA)
  const attribute = (name: string, width: number, type: GLenum): WebGLBuffer => {
    const buffer = gl.createBuffer()
    const at = gl.getAttribLocation(program, name)
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer)
    gl.enableVertexAttribArray(at)
    gl.vertexAttribPointer(at, width, type, type === gl.UNSIGNED_BYTE && width === 3, 0, 0)
    return buffer
  }
  const fill = (buffer: WebGLBuffer, values: BufferSource) => {
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer)
    gl.bufferData(gl.ARRAY_BUFFER, values, gl.STATIC_DRAW)
  }
  const buffers = [
    attribute('place', 2, gl.FLOAT),
    attribute('colour', 3, gl.UNSIGNED_BYTE),
    attribute('isLeft', 1, gl.UNSIGNED_BYTE)
  ] as const
  fill(buffers[0], places)
  const uniform = (name: string) => gl.getUniformLocation(program, name)
  const [center, reach, pointSize] = [uniform('center'), uniform('reach'), uniform('pointSize')]
  return {
    setColours: (colours) => fill(buffers[1], colours),
    setLeft: (isLeft) => fill(buffers[2], isLeft),
    draw({ centerX, centerY, scale }, { width, height }, zoom) {
      const ratio = window.devicePixelRatio
      const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)]
      if (canvas.width !== across || canvas.height !== down) [canvas.width, canvas.height] = [across, down]
      gl.viewport(0, 0, across, down)
      gl.clear(gl.COLOR_BUFFER_BIT)
      gl.uniform2f(center, centerX, centerY)
      gl.uniform2f(reach, width / 2 / scale, height / 2 / scale)
      gl.uniform1f(pointSize, ratio * sizeOf(count, zoom))
      gl.drawArrays(gl.POINTS, 0, count)
    },
    dispose() {
      for (const buffer of buffers) gl.deleteBuffer(buffer)
      gl.deleteProgram(program)
    }
  }
}

function compile(gl: WebGL2RenderingContext): WebGLProgram {
  const program = gl.createProgram()
  for (const [type, source] of [
    [gl.VERTEX_SHADER, VERTEX],
    [gl.FRAGMENT_SHADER, FRAGMENT]
  ] as const) {
    const shader = gl.createShader(type)
    if (shader === null) throw new Error('The graphics context was lost.')
    gl.shaderSource(shader, source)
    gl.compileShader(shader)
    gl.attachShader(program, shader)
  }
  gl.linkProgram(program)
  if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost())
    throw new Error(`The map's shaders do not link: ${gl.getProgramInfoLog(program) ?? ''}`)
  return program
}
