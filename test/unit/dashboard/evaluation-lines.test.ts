import assert from 'node:assert/strict'
import { test } from 'node:test'
import { evaluationCharts } from '../../../src/dashboard/features/runs/evaluation-lines.ts'

const at = (value: number) => ({ steps: [10], values: [value] })

test('evaluations are drawn a kind of metric a chart, and what has another scale alone', () => {
  const charts = evaluationCharts({
    'eval/knn_top1_k100': at(0.5),
    'eval/knn_top1_k20': at(0.4),
    'eval/few_shot_mean_shots1': at(0.2),
    'eval/label_free_rankme': at(40),
    'eval/label_free_alpha': at(1.1),
    'eval/label_free_log_likelihood': at(120),
    'eval/clustering_nmi_teacher': at(0.3),
    'eval/clustering_purity_teacher': at(0.6)
  })
  assert.deepEqual(
    charts.map(({ title, isShare, lines }) => [title, isShare, ...lines.map(({ label }) => label)]),
    [
      ['clustering nmi', false, 'nmi teacher'],
      ['clustering purity', true, 'purity teacher'],
      ['few shot mean', true, 'mean shots1'],
      ['knn top1', true, 'top1 k20', 'top1 k100'],
      ['alpha', false, 'alpha'],
      ['log likelihood', false, 'log likelihood'],
      ['rankme', false, 'rankme']
    ]
  )
  assert.deepEqual(charts[3]?.lines[0]?.series, at(0.4))
})
