"""Writes test/conformance/golden/movmf.json: soft movMF expectation-maximization in float64, with SciPy.

Usage: python test/conformance/scripts/movmf.py   (numpy, scipy)

Written from the definitions (Banerjee et al. 2005, JMLR 6), sharing no formula with the TypeScript code: log I_v from
scipy.special.ive, kappa as the root of A_p(kappa) = R by bracketing (brentq) instead of Newton's method.
"""
import json
import pathlib

import numpy as np
from scipy.optimize import brentq
from scipy.special import ive, logsumexp

OUT = pathlib.Path(__file__).resolve().parent.parent / "golden" / "movmf.json"
P, SMALLEST, ITERATIONS = 8, 5.0, 12


def log_normalizer(kappa):
    v = P / 2 - 1
    return v * np.log(kappa) - (P / 2) * np.log(2 * np.pi) - (np.log(ive(v, kappa)) + kappa)


def concentration(resultant):
    return brentq(lambda k: ive(P / 2, k) / ive(P / 2 - 1, k) - resultant, 1e-8, 1e5, xtol=1e-13, rtol=1e-14)


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def maximize(y, gamma, origins):
    mass = gamma.sum(axis=0)
    keep = mass >= SMALLEST
    s = gamma.T @ y
    length = np.linalg.norm(s, axis=1)
    kappa = np.array([concentration(r) for r in (length / np.maximum(mass, 1e-300))[keep]])
    return dict(origins=origins[keep], weights=mass[keep] / mass[keep].sum(), kappa=kappa,
                directions=(s[keep].T / length[keep]).T)


def expect(y, m):
    joint = np.log(m["weights"]) + log_normalizer(m["kappa"]) + m["kappa"] * (y @ m["directions"].T)
    total = logsumexp(joint, axis=1)
    return np.exp(joint - total[:, None]), total


def main():
    rng = np.random.default_rng(0)
    means = unit(rng.normal(size=(3, P)))
    rows = [unit(means[k] + rng.normal(size=(n, P)) * spread) for k, (n, spread) in
            enumerate([(60, 0.25), (40, 0.35), (20, 0.15)])]
    # Six digits are what the file holds; both sides make unit rows of them.
    vectors = np.round(np.concatenate(rows), 6)
    directions = np.round(np.concatenate([means + rng.normal(size=means.shape) * 0.3, -means[:1]]), 6)
    y, start = unit(vectors), unit(directions)
    gamma = np.eye(len(start))[np.argmax(y @ start.T, axis=1)]
    mixture = maximize(y, gamma, np.arange(len(start)))
    likelihoods = []
    for _ in range(ITERATIONS):
        gamma, total = expect(y, mixture)
        likelihoods.append(total.mean())
        mixture = maximize(y, gamma, mixture["origins"])
    _, total = expect(y, mixture)
    golden = dict(dim=P, smallest=SMALLEST, iterations=ITERATIONS, vectors=vectors.ravel().tolist(),
                  start=directions.ravel().tolist(), likelihoods=likelihoods, logLikelihood=total.mean(),
                  origins=mixture["origins"].tolist(), weights=mixture["weights"].tolist(),
                  kappa=mixture["kappa"].tolist(), directions=mixture["directions"].ravel().tolist())
    OUT.write_text(json.dumps(golden) + "\n")


main()
