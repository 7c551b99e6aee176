"""Makes test/conformance/golden/bands: TIFFs of several bands as Pillow and libtiff write them.

    pip install pillow numpy
    python test/conformance/scripts/bands.py

Pages and samples of a photograph (photos/chelsea.jpg), compressed in every way that is read. bands.json has the SHA-256 of
what Pillow reads back: HWC, 8 bits or 16 with the low byte first.
"""
import hashlib
import json
import os

import numpy as np
from PIL import Image

GOLDEN = os.path.join(os.path.dirname(__file__), "..", "golden")
OUT = os.path.join(GOLDEN, "bands")
PREDICTOR = 317
ROWS_PER_STRIP = 278

photo = np.asarray(Image.open(os.path.join(GOLDEN, "photos", "chelsea.jpg")))[60:100, 120:173]
# Red, green, blue, and two that no colour has.
bands = np.stack([*photo.transpose(2, 0, 1), photo[:, :, 0] // 2 + photo[:, :, 2] // 3, 255 - photo[:, :, 1]])
# 12 bits in words of 16.
deep = bands.astype(np.uint16) * 16 + (np.arange(bands[0].size).reshape(bands[0].shape) % 16).astype(np.uint16)


def read_back(path):
    with Image.open(path) as image:
        pages = []
        for page in range(image.n_frames):
            image.seek(page)
            samples = np.asarray(image)
            pages.append(samples if samples.ndim == 3 else samples[:, :, None])
    return np.concatenate(pages, axis=2)


def main():
    cases = []

    def keep(name, want):
        path = os.path.join(OUT, name)
        got = read_back(path)
        assert (got == want.transpose(1, 2, 0)).all(), name
        digest = hashlib.sha256(got.astype(got.dtype.newbyteorder("<")).tobytes()).hexdigest()
        height, width, count = got.shape
        cases.append({"file": name, "width": width, "height": height, "bands": count, "bits": got.itemsize * 8, "sha256": digest})

    def pages(name, values, compression, tiffinfo):
        images = [Image.fromarray(band) for band in values]
        images[0].save(os.path.join(OUT, name), save_all=True, append_images=images[1:], compression=compression, tiffinfo=tiffinfo)
        keep(name, values)

    pages("pages-plain.tif", bands, None, {})
    pages("pages-packbits.tif", bands, "packbits", {ROWS_PER_STRIP: 7})
    pages("pages-lzw.tif", bands, "tiff_lzw", {PREDICTOR: 2, ROWS_PER_STRIP: 16})
    pages("deep-pages-lzw.tif", deep, "tiff_lzw", {PREDICTOR: 2})
    pages("deep-pages-deflate.tif", deep, "tiff_deflate", {})
    rgba = bands[:4]
    for name, compression in [("samples-lzw.tif", "tiff_lzw"), ("samples-deflate.tif", "tiff_adobe_deflate")]:
        image = Image.fromarray(np.ascontiguousarray(rgba.transpose(1, 2, 0)), "RGBA")
        image.save(os.path.join(OUT, name), compression=compression, tiffinfo={PREDICTOR: 2})
        keep(name, rgba)
    with open(os.path.join(OUT, "bands.json"), "w") as file:
        json.dump(cases, file, indent=1)
        file.write("\n")


main()
