"""What numbers come in: a vector of any `output_dtype`, and a NumPy file of patches, without NumPy."""

from __future__ import annotations

import base64
import math
import struct
import sys
from array import array
from collections.abc import Sequence
from dataclasses import dataclass

# Of `array`; float16 has none.
CODES = {"float32": "f", "int8": "b", "uint8": "B", "binary": "B"}


def vector_of(embedding: str | Sequence[float], dtype: str) -> list[float]:
    """Numbers of an answer: base64, little-endian, or already a list."""
    if not isinstance(embedding, str):
        return list(embedding)
    data = base64.b64decode(embedding)
    if dtype == "float16":
        return list(struct.unpack(f"<{len(data) // 2}e", data))
    return _little_endian(CODES[dtype], data).tolist()


@dataclass(frozen=True)
class Patches:
    """Of one image: rows x columns tokens of `dimensions` numbers; `numpy.reshape(values, (rows, columns, -1))`."""

    rows: int
    columns: int
    dimensions: int
    values: array[float]


def patches_of(file: bytes, shape: str | None, images: int) -> list[Patches]:
    sizes = [int(one) for one in shape.split(",")] if shape and shape.replace(",", "").isdigit() else []
    start = len(file) - 4 * math.prod(sizes)
    if len(sizes) != 4 or sizes[0] != images or min(sizes) < 1 or start < 10 or file[:6] != b"\x93NUMPY":
        raise ValueError(f"the server does not answer with the patches of {images} images")
    values = _little_endian("f", file[start:])
    each = len(values) // images
    return [Patches(*sizes[1:], values[i * each : (i + 1) * each]) for i in range(images)]


def _little_endian(code: str, data: bytes) -> array[float]:
    numbers = array(code, data)
    if sys.byteorder == "big":
        numbers.byteswap()  # the API sends little-endian
    return numbers
