/** Who may import whom. One row per folder of src/; everything that is not listed is forbidden. */
export interface Layer {
  readonly may: readonly string[]
  readonly packages: readonly RegExp[]
  /** Single files of another layer that this one may import too, with the reason in the decision record. */
  readonly files?: readonly string[]
}

export const LAYERS: Record<string, Layer> = {
  base: { may: [], packages: [/^pino$/] },
  math: { may: ['base'], packages: [] },
  recipe: { may: ['base', 'math'], packages: [/^typebox/] },
  engine: { may: ['base', 'math'], packages: [/^@tensorflow\//, /^onnxruntime-(node|common)$/, /^onnx-proto$/] },
  images: { may: ['base', 'math', 'recipe'], packages: [/^sharp$/, /^yauzl$/, /^tar-stream$/] },
  ssl: { may: ['base', 'math', 'recipe', 'engine'], packages: [] },
  interop: { may: ['base', 'recipe', 'ssl'], packages: [] },
  training: {
    may: ['base', 'math', 'recipe', 'engine', 'images', 'ssl'],
    packages: [],
    files: ['inference/preprocess.ts', 'inference/export.ts', 'inference/import.ts']
  },
  inference: {
    may: ['base', 'math', 'recipe', 'engine', 'images', 'ssl', 'interop'],
    packages: [],
    files: ['training/checkpoint.ts', 'training/events.ts', 'training/trainer-messages.ts']
  },
  domain: { may: ['base', 'recipe'], packages: [] },
  services: { may: ['base', 'recipe', 'domain'], packages: [] },
  storage: { may: ['base', 'domain', 'recipe'], packages: [/^drizzle-orm/, /^pg$/, /^@aws-sdk\//, /^@electric-sql\//] },
  queue: { may: ['base', 'domain'], packages: [/^pg-boss$/, /^pg$/] },
  tasks: {
    may: ['base', 'recipe', 'domain', 'services'],
    packages: [],
    files: [
      'training/events.ts',
      'training/trainer-messages.ts',
      'inference/server-messages.ts',
      'inference/model-files.ts',
      'images/ingest-messages.ts'
    ]
  },
  http: { may: ['base', 'recipe', 'domain', 'services'], packages: [/^fastify$/, /^@fastify\//, /^typebox/] },
  cli: { may: ['base', 'math', 'recipe', 'engine', 'images', 'training', 'inference'], packages: [] },
  demo: { may: ['base', 'math'], packages: [] },
  dashboard: { may: [], packages: [/^react/, /^vite$/, /^@vitejs\//] }
}
