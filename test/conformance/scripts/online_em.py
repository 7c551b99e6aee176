"""Writes test/conformance/golden/online-em.json: prototypes by online expectation-maximization in float64.

Usage: python test/conformance/scripts/online_em.py   (NumPy; the numbers need no random generator)

Written row by row from the definitions, without the matrix products of the TypeScript code:
  average   S_k <- (1 - rho) S_k + rho mean_b gamma_bk y_b, N_k likewise (Cappe & Moulines 2009, eq. 8)
  direction mu_k = unit(S_k + alpha unit(v_k)), alpha = 1 / (10 K)
  kappa     R = |S_k| / N_k, kappa_k = R (p - R^2) / (1 - R^2) (Banerjee et al. 2005, eq. 4.4), over its geometric mean,
            within 1/3 ... 3, and moved there by the share N_k / (N_k + alpha)
"""
import json
import math
import pathlib

import numpy as np

OUT = pathlib.Path(__file__).resolve().parent.parent / "golden" / "online-em.json"


def numbers(rows, columns, stream, amplitude=1.0):
    n = np.arange(1, rows * columns + 1, dtype=np.int64)
    u = ((3571 * n * n + (6007 + 101 * stream) * n + 7919 * stream + 1234) % 10007) / 10007
    return (amplitude * (2 * u - 1)).reshape(rows, columns)


def unit(x):
    return x / math.sqrt(sum(value * value for value in x))


ROWS, PROTOTYPES, DIM = 14, 6, 17
v = numbers(PROTOTYPES, DIM, 41)
g = 1 + 0.3 * numbers(PROTOTYPES, 1, 42)
vectors, mass = np.zeros((PROTOTYPES, DIM)), np.zeros(PROTOTYPES)
alpha = 0.1 / PROTOTYPES
steps = []
for i, (rate, pull) in enumerate([(1.0, 1.0), (0.5, 0.25), (0.02, 1.0)]):
    logits = numbers(ROWS, PROTOTYPES, 43 + i, 6.0)
    # The last prototype is given to nobody.
    logits[:, -1] = -200.0
    y = np.array([unit(row + 0.8 * v[b % 3]) for b, row in enumerate(numbers(ROWS, DIM, 53 + i))])
    gamma = np.exp(logits - logits.max(axis=1, keepdims=True))
    gamma = gamma / gamma.sum(axis=1, keepdims=True)
    for k in range(PROTOTYPES):
        batch = sum(gamma[b, k] * y[b] for b in range(ROWS)) / ROWS
        vectors[k] = (1 - rate) * vectors[k] + rate * batch
        mass[k] = (1 - rate) * mass[k] + rate * gamma[:, k].mean()
    kappas = []
    for k in range(PROTOTYPES):
        resultant = min(np.linalg.norm(vectors[k]) / (mass[k] + 1e-30), 0.9997)
        kappas.append(max(resultant * (DIM - resultant**2) / (1 - resultant**2), 1e-6))
    mean = math.exp(sum(math.log(kappa) for kappa in kappas) / PROTOTYPES)
    before = dict(v=v.copy(), g=g.copy())
    for k in range(PROTOTYPES):
        length = np.linalg.norm(v[k])
        mu = unit(vectors[k] + alpha * v[k] / length)
        v[k] = (1 - pull) * v[k] + pull * length * mu
        fitted = min(max(kappas[k] / mean, 1 / 3), 3)
        g[k] = g[k] + pull * mass[k] / (mass[k] + alpha) * (fitted - g[k])
    steps.append(dict(rate=rate, pull=pull, assignments=gamma, y=y, vectors=vectors.copy(), mass=mass.copy(),
                      before=before, v=v.copy(), g=g.copy()))


def plain(value):
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value


document = dict(source="test/conformance/scripts/online_em.py", numpy=np.__version__, steps=[plain(s) for s in steps])
OUT.write_text(json.dumps(document, separators=(",", ":")) + "\n")
print("wrote", OUT.name, OUT.stat().st_size, "bytes")
