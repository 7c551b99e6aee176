"""Makes test/conformance/golden/photo.json and photos/chelsea.jpg: what torchvision on PIL makes of a real photograph.

    pip install torch torchvision 'pillow<13' scikit-image
    python test/conformance/scripts/photo.py

The photograph is Stéfan van der Walt's cat Chelsea (CC0), as scikit-image ships it. Every case is one operation, or a
whole view, on the decoded file, or on its gray version; stored is the SHA-256 of the resulting bytes (HWC, 8 bits).
"""
import hashlib
import json
import os

import PIL
import skimage.data
import torchvision
from PIL import Image, ImageFilter, ImageOps
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional as F

GOLDEN = os.path.join(os.path.dirname(__file__), "..", "golden")
PHOTO = os.path.join(GOLDEN, "photos", "chelsea.jpg")
FILTERS = {"bicubic": InterpolationMode.BICUBIC, "bilinear": InterpolationMode.BILINEAR}

# left, top, width, height: a large part, a small one, a narrow one, pixels from edge to edge, one that is enlarged.
BOXES = [(31, 12, 370, 260), (200, 90, 101, 97), (5, 0, 77, 300), (0, 0, 451, 300), (220, 140, 43, 50)]
# Global and local crops of patches of 16, 14 and 8 pixels.
SIZES = [224, 96, 98, 112, 64]


def adjust(image, operation, value):
    if operation == "brightness":
        return F.adjust_brightness(image, value)
    if operation == "contrast":
        return F.adjust_contrast(image, value)
    if operation == "saturation":
        return F.adjust_saturation(image, value)
    if operation == "hue":
        return F.adjust_hue(image, value)
    if operation == "grayscale":
        return F.rgb_to_grayscale(image, num_output_channels=len(image.getbands()))
    if operation == "blur":
        return image.filter(ImageFilter.GaussianBlur(radius=value))
    if operation == "solarize":
        return ImageOps.solarize(image)
    raise ValueError(operation)


VALUES = {
    "brightness": [0, 0.6, 0.837, 1, 1.213, 1.4],
    "contrast": [0, 0.6, 0.751, 1.119, 1.4],
    "saturation": [0, 0.8, 0.93, 1.07, 1.2],
    "hue": [-0.5, -0.1, -0.033, 0, 0.004, 0.071, 0.1, 0.5],
    "grayscale": [0],
    "blur": [0.1, 0.37, 0.8, 1.25, 1.6, 2.0, 4.5],
    "solarize": [0],
}
GRAY_OPERATIONS = ("brightness", "contrast", "blur", "solarize")

# Whole views: the published order, each jitter order once, parameters as drawn once.
VIEWS = [
    [("brightness", 1.31), ("contrast", 0.72), ("saturation", 1.13), ("hue", 0.06), ("blur", 1.4)],
    [("hue", -0.08), ("saturation", 0.85), ("contrast", 1.22), ("brightness", 0.67), ("solarize", 0)],
    [("contrast", 1.36), ("hue", 0.02), ("brightness", 0.9), ("saturation", 1.19), ("grayscale", 0), ("blur", 0.3)],
    [("saturation", 0.95), ("brightness", 1.08), ("hue", 0.09), ("contrast", 0.64), ("blur", 1.9), ("solarize", 0)],
]


def case(image, **what):
    return {**what, "sha256": hashlib.sha256(image.tobytes()).hexdigest()}


def resized(image, box, size, name, mirrored=False):
    left, top, width, height = box
    crop = F.resized_crop(image, top, left, height, width, [size, size], FILTERS[name])
    return F.hflip(crop) if mirrored else crop


def main():
    os.makedirs(os.path.dirname(PHOTO), exist_ok=True)
    if not os.path.exists(PHOTO):
        Image.fromarray(skimage.data.chelsea()).save(PHOTO, quality=88)
    photo = Image.open(PHOTO).convert("RGB")
    gray = photo.convert("L")
    cases = [case(photo, op="decode"), case(gray, op="gray")]
    for name in FILTERS:
        for i, box in enumerate(BOXES):
            for mirrored in (False, True):
                what = {"op": "crop", "box": box, "size": SIZES[i], "filter": name, "mirrored": mirrored}
                cases.append(case(resized(photo, box, SIZES[i], name, mirrored), **what, channels=3))
                cases.append(case(resized(gray, box, SIZES[i], name, mirrored), **what, channels=1))
    for operation, values in VALUES.items():
        for value in values:
            cases.append(case(adjust(photo, operation, value), op=operation, value=value, channels=3))
            if operation in GRAY_OPERATIONS:
                cases.append(case(adjust(gray, operation, value), op=operation, value=value, channels=1))
    for i, steps in enumerate(VIEWS):
        image = resized(photo, BOXES[i], SIZES[i], "bicubic", i % 2 == 1)
        for operation, value in steps:
            image = adjust(image, operation, value)
        what = {"op": "view", "box": BOXES[i], "size": SIZES[i], "filter": "bicubic", "mirrored": i % 2 == 1}
        cases.append(case(image, **what, steps=steps, channels=3))
    made_by = {"torchvision": torchvision.__version__, "pillow": PIL.__version__}
    with open(os.path.join(GOLDEN, "photo.json"), "w") as file:
        json.dump({"madeBy": made_by, "cases": cases}, file, indent=1)
        file.write("\n")


main()
