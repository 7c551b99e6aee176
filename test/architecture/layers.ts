/** Who may import whom. One row per folder of src/; everything that is not listed is forbidden, everything listed is used. */
export interface Layer {
  readonly may: readonly string[]
  readonly packages: readonly RegExp[]
}

export const LAYERS: Record<string, Layer> = {
  base: { may: [], packages: [/^pino$/, /^yauzl$/] },
  math: { may: ['base'], packages: [] },
  recipe: { may: ['base', 'math'], packages: [/^typebox/] },
  protocol: { may: ['base', 'recipe'], packages: [] },

  engine: {
    may: ['base'],
    packages: [/^@tensorflow\//, /^onnxruntime-(node|common)$/, /^onnx-proto$/, /^koffi$/, /^protobufjs$/, /^yauzl$/]
  },
  images: { may: ['base', 'math', 'recipe', 'protocol'], packages: [/^sharp$/, /^yauzl$/, /^tar-stream$/] },
  ssl: { may: ['base', 'recipe', 'engine'], packages: [] },
  interop: { may: ['base', 'recipe', 'ssl'], packages: [/^yauzl$/] },
  evaluation: { may: ['base', 'math'], packages: [] },
  training: { may: ['base', 'math', 'recipe', 'protocol', 'engine', 'images', 'ssl'], packages: [] },
  model: {
    may: ['base', 'math', 'recipe', 'protocol', 'engine', 'images', 'ssl', 'interop', 'training'],
    packages: []
  },
  probing: {
    may: ['base', 'math', 'recipe', 'protocol', 'engine', 'images', 'ssl', 'evaluation', 'training', 'model'],
    packages: []
  },
  serving: {
    may: ['base', 'math', 'protocol', 'engine', 'images', 'evaluation', 'cache', 'model', 'probing'],
    packages: []
  },
  report: { may: ['base'], packages: [] },
  cli: {
    may: [
      'base',
      'math',
      'recipe',
      'protocol',
      'engine',
      'images',
      'evaluation',
      'training',
      'probing',
      'serving',
      'report',
      'processes',
      'client',
      'mcp',
      'sdk'
    ],
    packages: [/^@modelcontextprotocol\/sdk/]
  },

  domain: { may: ['base', 'recipe'], packages: [] },
  services: { may: ['base', 'math', 'recipe', 'protocol', 'domain'], packages: [/^jose$/] },
  storage: { may: ['base', 'domain', 'recipe'], packages: [/^drizzle-orm/, /^pg$/, /^@aws-sdk\//, /^@electric-sql\//] },
  queue: { may: ['base', 'domain'], packages: [/^pg-boss$/] },
  // Only here: whoever works sees base/tracing.ts.
  tracing: { may: ['base', 'domain'], packages: [/^@opentelemetry\//] },
  cache: { may: ['base', 'domain'], packages: [] },
  processes: { may: ['base', 'domain', 'protocol', 'cache'], packages: [] },
  tasks: {
    may: ['base', 'protocol', 'domain', 'services', 'cache', 'processes'],
    packages: [/^hyparquet-writer$/]
  },
  launching: {
    may: ['base', 'services', 'processes'],
    packages: [/^@kubernetes\/client-node$/, /^@aws-sdk\/client-batch$/, /^yaml$/]
  },
  http: {
    may: ['base', 'recipe', 'protocol', 'domain', 'services', 'report'],
    packages: [/^fastify$/, /^@fastify\//, /^typebox/, /^prom-client$/]
  },

  // What AWS Lambda asks of a process, and how it wraps requests.
  lambda: { may: ['base', 'http'], packages: [/^@fastify\/aws-lambda$/] },
  client: { may: [], packages: [/^openapi-fetch$/, /^eventsource-parser$/] },
  mcp: { may: ['base', 'math', 'client'], packages: [/^@modelcontextprotocol\/sdk/, /^typebox/] },
  sdk: { may: ['client'], packages: [] },
  demo: { may: ['base', 'math', 'processes', 'client'], packages: [] },
  dashboard: { may: ['client'], packages: [/^react/, /^@tanstack\/react-query$/, /^vite$/, /^@vitejs\//] },
  composition: {
    may: [
      'base',
      'protocol',
      'engine',
      'training',
      'model',
      'probing',
      'serving',
      'evaluation',
      'domain',
      'services',
      'storage',
      'queue',
      'tracing',
      'cache',
      'processes',
      'tasks',
      'launching',
      'http',
      'lambda'
    ],
    packages: [/^pino$/]
  },
  bin: {
    may: [
      'base',
      'protocol',
      'engine',
      'images',
      'model',
      'serving',
      'services',
      'storage',
      'processes',
      'http',
      'cli',
      'lambda',
      'client',
      'demo',
      'composition'
    ],
    packages: [/^yaml$/, /^openapi-typescript$/, /^vite$/]
  }
}
