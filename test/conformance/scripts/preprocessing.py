"""Makes test/conformance/golden/preprocessing.json: what torchvision and transformers make of photographs of all shapes.

    pip install torch torchvision 'pillow<13' transformers
    python test/conformance/scripts/preprocessing.py

Every photograph is a cut of photos/chelsea.jpg, in colour or gray, and every rule goes through a preprocessor_config.json; that
our export writes the same one is part of the test. Stored are SHA-256 of the bytes (HWC, 8 bits): of torchvision's Resize and CenterCrop on PIL images, and of the
processor's pixels, scaled back, with its Pillow backend. Its tensor backend resamples with other arithmetic; stored is how far
from the Pillow backend it is.
"""
import hashlib
import json
import os

import numpy as np
import PIL
import torchvision
import transformers
from PIL import Image
from torchvision.transforms import CenterCrop, Compose, InterpolationMode, Resize
from transformers import BitImageProcessor
from transformers.models.bit.image_processing_pil_bit import BitImageProcessorPil

GOLDEN = os.path.join(os.path.dirname(__file__), "..", "golden")
FILTERS = {"bilinear": (2, InterpolationMode.BILINEAR), "bicubic": (3, InterpolationMode.BICUBIC)}

RULES = {
    "whole 28": {"resize": "shorter_side", "side": 28, "interpolation": "bicubic", "crop": 28},
    "whole 96": {"resize": "shorter_side", "side": 96, "interpolation": "bicubic", "crop": 96},
    "DINO 28": {"resize": "shorter_side", "side": 32, "interpolation": "bicubic", "crop": 28},
    "DINO 32": {"resize": "shorter_side", "side": 37, "interpolation": "bicubic", "crop": 32},
    "DINO 224": {"resize": "shorter_side", "side": 256, "interpolation": "bicubic", "crop": 224},
    "ViT 224": {"resize": "both_sides", "side": 224, "interpolation": "bilinear", "crop": 224},
    "DeiT 224": {"resize": "both_sides", "side": 256, "interpolation": "bicubic", "crop": 224},
    "odd 25": {"resize": "both_sides", "side": 32, "interpolation": "bilinear", "crop": 25},
}


def boxes(crop):
    """left, top, width, height: S x S, larger, smaller, wide and tall, and margins of every remainder by 4."""
    half = crop // 2
    return {
        "S × S": (101, 60, crop, crop), "larger": (90, 0, 300, 300), "smaller": (180, 100, half, half),
        "wide": (0, 0, 451, 300), "wider": (0, 120, 451, 100), "tall": (190, 0, 100, 300), "tall and small": (210, 100, 13, 40),
        **{f"wide by {i}": (100 + i, 90, 150 + 7 * i, 120) for i in range(4)},
    }


def config(rule, channels):
    side, crop = rule["side"], rule["crop"]
    return {
        "do_resize": True,
        "size": {"height": side, "width": side} if rule["resize"] == "both_sides" else {"shortest_edge": side},
        "resample": FILTERS[rule["interpolation"]][0],
        "do_center_crop": True,
        "crop_size": {"height": crop, "width": crop},
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "image_mean": [0.485, 0.456, 0.406][:channels],
        "image_std": [0.229, 0.224, 0.225][:channels],
        "do_convert_rgb": channels == 3,
    }


def processed(Processor, image, settings):
    values = np.asarray(Processor(**settings)(image, return_tensors="np")["pixel_values"][0], dtype=np.float64)
    mean, std = (np.array(settings[name])[:, None, None] for name in ("image_mean", "image_std"))
    pixels = (values * std + mean) * 255
    assert np.abs(pixels - pixels.round()).max() < 1e-3
    return pixels.round().astype(np.uint8).transpose(1, 2, 0)


def by_torchvision(image, rule):
    side = (rule["side"],) * 2 if rule["resize"] == "both_sides" else rule["side"]
    pixels = np.asarray(Compose([Resize(side, FILTERS[rule["interpolation"]][1]), CenterCrop(rule["crop"])])(image))
    return pixels.reshape(rule["crop"], rule["crop"], -1)


def sha256(pixels):
    return hashlib.sha256(np.ascontiguousarray(pixels).tobytes()).hexdigest()


def main():
    photo = Image.open(os.path.join(GOLDEN, "photos", "chelsea.jpg")).convert("RGB")
    cases = []
    for name, rule in RULES.items():
        for shape, box in boxes(rule["crop"]).items():
            left, top, width, height = box
            for channels in (3, 1):
                image = photo.crop((left, top, left + width, top + height))
                image = image if channels == 3 else image.convert("L")
                settings = config(rule, channels)
                pillow = processed(BitImageProcessorPil, image, settings)
                apart = np.abs(pillow.astype(int) - processed(BitImageProcessor, image, settings))
                cases.append({
                    "rule": name, "shape": shape, "box": box, "channels": channels,
                    "torchvision": sha256(by_torchvision(image, rule)), "transformers": sha256(pillow),
                    "tensorBackend": {"most": int(apart.max()), "mean": round(float(apart.mean()), 4)},
                })
    made_by = {"torchvision": torchvision.__version__, "pillow": PIL.__version__, "transformers": transformers.__version__}
    rules = {name: {"preprocessing": rule, "processor": config(rule, 3)} for name, rule in RULES.items()}
    with open(os.path.join(GOLDEN, "preprocessing.json"), "w") as file:
        file.write(json.dumps({"madeBy": made_by, "rules": rules})[:-1] + ', "cases": [\n')
        file.write(",\n".join(json.dumps(case, ensure_ascii=False) for case in cases) + "\n]}\n")


main()
