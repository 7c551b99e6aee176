"""Writes test/conformance/golden/evaluation.json: evaluation protocols by scikit-learn and NumPy, in float64.

Usage: python test/conformance/scripts/evaluation.py   (numpy, scipy, scikit-learn >= 1.7; no random generator is used)

The features are seven overlapping classes from a quadratic congruence, rounded to four digits, so that both sides read the
same numbers. Protocols are written as their references are, not as the TypeScript code is:
  knn        facebookresearch/dino eval_knn.py, knn_classifier, in NumPy; leave-one-out by taking the row out of the bank
  logistic   sklearn LogisticRegression(C = 1/(lambda n), fit_intercept=False, lbfgs) at a tolerance of 1e-10
  few_shot   facebookresearch/msn logistic_eval.py: rows centered and scaled, lambda 0.0025 of the summed loss; and sklearn's
             NearestCentroid's rule with cosines
  retrieval  sklearn average_precision_score
  clustering sklearn normalized_mutual_info_score, adjusted_rand_score; purity from the contingency table
  agreement  sklearn adjusted_rand_score of two partitions, one of them with numbers that the other has not
  label_free singular values by numpy.linalg.svd; the power law as fastssl's stringer_get_powerlaw
  spearman   scipy.stats.spearmanr
  first      the first five dimensions of the features, of unit length again
"""
import json
import pathlib

import numpy as np
import scipy.stats
import sklearn
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import adjusted_rand_score, average_precision_score, normalized_mutual_info_score
from sklearn.metrics.cluster import contingency_matrix

OUT = pathlib.Path(__file__).resolve().parent.parent / "golden" / "evaluation.json"
CLASSES, DIM = 7, 9
FIRST = 5


def numbers(rows, columns, stream):
    n = np.arange(1, rows * columns + 1, dtype=np.int64)
    u = ((3571 * n * n + (6007 + 101 * stream) * n + 7919 * stream + 1234) % 10007) / 10007
    return (2 * u - 1).reshape(rows, columns)


def labelled(rows, stream):
    labels = np.arange(rows) * 7 % 15 % CLASSES
    features = 1.1 * numbers(rows, DIM, stream) + 0.3
    features[np.arange(rows), labels] += 1.1
    return np.round(features, 4), labels


def unit(x):
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def knn_votes(bank, labels, query, k, temperature=0.07):
    similarity = bank @ query
    nearest = np.argsort(-similarity, kind="stable")[:k]
    votes = np.zeros(CLASSES)
    for i in nearest:
        votes[labels[i]] += np.exp(similarity[i] / temperature)
    return votes


def knn(bank, labels, queries, targets, k, leave_one_out):
    top1 = top5 = 0
    for q, target in enumerate(targets):
        keep = np.arange(len(bank)) != q if leave_one_out else np.ones(len(bank), dtype=bool)
        votes = knn_votes(unit(bank)[keep], labels[keep], unit(queries)[q], k)
        order = np.argsort(-votes, kind="stable")
        top1 += order[0] == target
        # top-5 is over min(5, k) classes of the original; a class without a vote is never right here
        top5 += target in order[: min(5, k)] and votes[target] > 0
    return dict(k=k, top1=top1 / len(targets), top5=top5 / len(targets))


def regression(x, labels, total_lambda):
    """Weights [classes, dim] of sum loss + total_lambda/2 |W|^2."""
    fit = LogisticRegression(C=1 / total_lambda, fit_intercept=False, tol=1e-10, max_iter=100000).fit(x, labels)
    return fit


def msn(x):
    return unit(x - x.mean(axis=1, keepdims=True))


def powerlaw(eigenvalues, first, last):
    trange = np.arange(first - 1, min(last, len(eigenvalues)))
    y = np.log(eigenvalues)[trange][:, None]
    ranks = (trange + 1).astype(float)[:, None]
    x = np.concatenate((-np.log(ranks), np.ones_like(ranks)), axis=1)
    w = 1 / ranks
    return np.linalg.solve(x.T @ (x * w), (w * x).T @ y).flatten()[0]


def average_precisions(bank, labels, queries, targets, leave_one_out):
    values = []
    for q, target in enumerate(targets):
        keep = np.arange(len(bank)) != q if leave_one_out else np.ones(len(bank), dtype=bool)
        values.append(average_precision_score(labels[keep] == target, (unit(bank) @ unit(queries)[q])[keep]))
    return values


def label_free(x):
    singular = np.linalg.svd(x, compute_uv=False)
    p = singular / singular.sum()
    eigenvalues = np.linalg.svd(x - x.mean(axis=0), compute_uv=False) ** 2 / len(x)
    return dict(rankme=float(np.exp(-(p * np.log(p)).sum())), ranks=[3, 8], alpha=float(powerlaw(eigenvalues, 3, 8)))


bank, bank_labels = labelled(84, 1)
queries, query_labels = labelled(30, 2)
fits = [regression(unit(bank), bank_labels, lam * len(bank)) for lam in (0.1, 0.001)]
shots = np.concatenate([np.flatnonzero(bank_labels == c)[:2] for c in range(CLASSES)])
few = regression(msn(bank[shots]), bank_labels[shots], 0.0025)
means = unit(np.stack([unit(bank[shots])[bank_labels[shots] == c].mean(axis=0) for c in range(CLASSES)]))
clusters = (bank_labels + (np.abs(bank[:, 0] * 5).astype(int) % 2)) % 5
others = np.where(np.arange(len(clusters)) % 4 == 0, (clusters + 1) % 7 + 1000, clusters)
table = contingency_matrix(bank_labels, clusters)
kappa = np.round(30 + 10 * numbers(1, 5, 9)[0], 3)

document = dict(
    source="test/conformance/scripts/evaluation.py",
    sklearn=sklearn.__version__,
    dim=DIM,
    classes=CLASSES,
    bank=bank.tolist(),
    bank_labels=bank_labels.tolist(),
    queries=queries.tolist(),
    query_labels=query_labels.tolist(),
    knn=[knn(bank, bank_labels, queries, query_labels, k, False) for k in (1, 2, 10, 20)],
    knn_leave_one_out=[knn(bank, bank_labels, bank, bank_labels, k, True) for k in (1, 2, 10, 20)],
    logistic=[
        dict(**{"lambda": lam}, weights=fit.coef_.tolist(), predicted=fit.predict(unit(queries)).tolist())
        for lam, fit in zip((0.1, 0.001), fits)
    ],
    few_shot=dict(
        rows=shots.tolist(),
        logistic=float((few.predict(msn(queries)) == query_labels).mean()),
        weights=few.coef_.tolist(),
        mean=float(((unit(queries) @ means.T).argmax(axis=1) == query_labels).mean()),
    ),
    retrieval=dict(
        queries=float(np.mean(average_precisions(bank, bank_labels, queries, query_labels, False))),
        leave_one_out=float(np.mean(average_precisions(bank, bank_labels, bank, bank_labels, True))),
    ),
    first_dimensions=dict(
        dimensions=FIRST,
        knn=[knn(bank[:, :FIRST], bank_labels, queries[:, :FIRST], query_labels, k, False) for k in (1, 10)],
        retrieval=float(np.mean(average_precisions(bank[:, :FIRST], bank_labels, bank[:, :FIRST], bank_labels, True))),
        rankme=label_free(unit(bank[:, :FIRST]))["rankme"],
    ),
    ties=dict(
        relevant=[1, 0, 1, 0, 1],
        scores=[0.5, 0.5, 0.5, 0.9, 0.1],
        average_precision=float(average_precision_score([1, 0, 1, 0, 1], [0.5, 0.5, 0.5, 0.9, 0.1])),
    ),
    clustering=dict(
        assignments=clusters.tolist(),
        clusters=5,
        nmi=float(normalized_mutual_info_score(bank_labels, clusters)),
        ari=float(adjusted_rand_score(bank_labels, clusters)),
        purity=float(table.max(axis=0).sum() / len(clusters)),
    ),
    label_free=label_free(bank),
    agreement=dict(
        others=others.tolist(),
        ari=float(adjusted_rand_score(others, clusters)),
        same=float((others == clusters).mean()),
    ),
    prototypes=dict(
        kappa=kappa.tolist(),
        hits=[
            int(knn_votes(np.delete(unit(bank), q, 0), np.delete(bank_labels, q), unit(bank)[q], 20).argmax() == label)
            for q, label in enumerate(bank_labels)
        ],
    ),
)
document["prototypes"]["spearman"] = float(scipy.stats.spearmanr(kappa[clusters], document["prototypes"]["hits"])[0])
OUT.write_text(json.dumps(document, separators=(",", ":")) + "\n")
print("wrote", OUT.name, OUT.stat().st_size, "bytes")
