"""Writes test/conformance/golden/centering-terms.json: KoLeo, Gram anchoring, Sinkhorn-Knopp, averaged probabilities; float64.

Usage: python test/conformance/scripts/centering_terms.py   (torch >= 1.13; the numbers need no random generator)

Each term is written from its definition, in probability space and without the rearrangements of the TypeScript code:
  koleo      -mean_i log(min_{j != i} |x_i - x_j| + 1e-8) over unit rows x (Sablayrolles et al. 2019, eq. 2; DINOv2's form)
  gram       mean over images of mean_ij (x_i . x_j - a_i . a_j)^2, unit rows (DINOv3, GramLoss without removal of negatives)
  sinkhorn   Q = exp(logits); three times: every prototype to mass 1/K, every image to mass 1/B (SwAV, appendix A.1)
  average    c = log(m exp(c) + (1 - m) mean P), P = softmax(logits), used as softmax(logits - c)
"""
import json
import pathlib

import torch
import torch.nn.functional as F

DTYPE = torch.float64
OUT = pathlib.Path(__file__).resolve().parent.parent / "golden" / "centering-terms.json"


def numbers(rows, columns, stream, amplitude=1.0):
    n = torch.arange(1, rows * columns + 1, dtype=torch.int64)
    u = ((3571 * n * n + (6007 + 101 * stream) * n + 7919 * stream + 1234) % 10007).to(DTYPE) / 10007
    return (amplitude * (2 * u - 1)).reshape(rows, columns)


def koleo(x):
    unit = F.normalize(x, dim=1)
    with torch.no_grad():
        cosines = unit @ unit.t()
        cosines.fill_diagonal_(-2.0)
        nearest = cosines.argmax(dim=1)
    distance = (unit - unit[nearest]).norm(dim=1)
    return -(torch.log(distance + 1e-8)).mean(), nearest


def koleo_fixture(rows, columns, stream, close):
    x = numbers(rows, columns, stream)
    x[close[0]] = x[close[1]] * 1.7 + 0.01
    x.requires_grad_(True)
    loss, nearest = koleo(x)
    loss.backward()
    return dict(rows=x.detach(), loss=loss.detach(), nearest=nearest, gradient=x.grad)


def gram_fixture(images, patches, dim):
    student = numbers(images * patches, dim, 41).requires_grad_(True)
    anchor = numbers(images * patches, dim, 42)
    # Rows are patch by patch, as the step has them.
    by_image = lambda rows: F.normalize(rows, dim=1).reshape(patches, images, dim).transpose(0, 1)
    x, a = by_image(student), by_image(anchor)
    loss = F.mse_loss(x @ x.transpose(1, 2), a @ a.transpose(1, 2))
    loss.backward()
    return dict(images=images, student=student.detach(), anchor=anchor, loss=loss.detach(), gradient=student.grad)


def sinkhorn(logits, iterations=3):
    q = torch.exp(logits)
    q = q / q.sum()
    images, prototypes = q.shape
    for _ in range(iterations):
        q = q / q.sum(dim=0, keepdim=True) / prototypes
        q = q / q.sum(dim=1, keepdim=True) / images
    return q * images


def sinkhorn_fixture():
    logits = numbers(6, 9, 21, 12.0)
    student = numbers(6, 9, 22, 5.0).requires_grad_(True)
    q = sinkhorn(logits)
    loss = -(q * F.log_softmax(student, dim=1)).sum(dim=1).mean()
    loss.backward()
    return dict(logits=logits, iterations=3, probabilities=q, student=student.detach(), loss=loss.detach(),
                gradient=student.grad)


def average_fixture():
    momentum, prototypes = 0.9, 7
    center = torch.full((prototypes,), 1.0 / prototypes, dtype=DTYPE).log()
    steps = []
    for i in range(3):
        logits = numbers(5, prototypes, 31 + i, 8.0)
        used = F.softmax(logits - center, dim=1)
        after = (momentum * center.exp() + (1 - momentum) * F.softmax(logits, dim=1).mean(dim=0)).log()
        steps.append(dict(logits=logits, before=center, probabilities=used, after=after))
        center = after
    return dict(momentum=momentum, steps=steps)


def plain(value):
    if isinstance(value, torch.Tensor):
        return value.tolist()
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


document = dict(
    source="test/conformance/scripts/centering_terms.py",
    torch=torch.__version__.split("+")[0],
    koleo_features=koleo_fixture(7, 5, 11, (4, 1)),
    koleo_prototypes=koleo_fixture(12, 4, 12, (9, 3)),
    gram=gram_fixture(3, 4, 5),
    sinkhorn=sinkhorn_fixture(),
    average_of_probabilities=average_fixture(),
)
OUT.write_text(json.dumps(plain(document), separators=(",", ":")) + "\n")
print("wrote", OUT.name, OUT.stat().st_size, "bytes")
