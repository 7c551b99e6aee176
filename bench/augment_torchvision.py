"""The other side of bench/augment.ts: DINO's DataAugmentationDINO in torchvision's DataLoader.

    python augment_torchvision.py photos FOLDER COUNT     makes JPEGs of 500 pixels from scikit-image's photographs
    python augment_torchvision.py load PLAN.json          answers {"peer": …, "batches": …} lines with times

`pil` is the official code's pipeline (PIL backend, float crops, normalized). `pil-uint8` ends where ours ends: 8-bit
crops, normalization left to the device. `v2` is torchvision.transforms.v2 on uint8 tensors, torchvision's own decoder.
"""
import json
import os
import random
import sys
import time

import torch
import torchvision
from PIL import Image, ImageFilter, ImageOps
from torchvision import datasets
from torchvision import transforms as T
from torchvision.transforms import v2

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
BICUBIC = T.InterpolationMode.BICUBIC


def make_photos(folder, count):
    """Crops of photographs in the public domain or under CC0 that scikit-image ships."""
    import skimage.data

    home = os.path.dirname(skimage.data.__file__)
    names = ("astronaut.png", "coffee.png", "chelsea.png", "rocket.jpg", "hubble_deep_field.jpg")
    photos = [Image.open(os.path.join(home, name)).convert("RGB") for name in names]
    draw = random.Random(0)
    for i in range(count):
        photo = photos[i % len(photos)]
        width, height = (375, 500) if i % 3 == 0 else (500, 375)
        zoom = max(width / photo.width, height / photo.height) * draw.uniform(1, 1.3)
        size = (max(width, round(photo.width * zoom)), max(height, round(photo.height * zoom)))
        left, top = draw.randint(0, size[0] - width), draw.randint(0, size[1] - height)
        crop = photo.resize(size, Image.LANCZOS).crop((left, top, left + width, top + height))
        crop.save(os.path.join(folder, f"{i:05d}.jpg"), quality=90)


class GaussianBlur:
    def __init__(self, probability):
        self.probability = probability

    def __call__(self, image):
        if random.random() >= self.probability:
            return image
        return image.filter(ImageFilter.GaussianBlur(radius=random.uniform(0.1, 2.0)))


class Solarization:
    def __init__(self, probability):
        self.probability = probability

    def __call__(self, image):
        return ImageOps.solarize(image) if random.random() < self.probability else image


class MultiCrop:
    """Two global and eight local crops. `t` is torchvision.transforms or its v2."""

    def __init__(self, t, blur, solarize, finish):
        colour = [
            t.RandomHorizontalFlip(p=0.5),
            t.RandomApply([t.ColorJitter(0.4, 0.4, 0.2, 0.1)], p=0.8),
            t.RandomGrayscale(p=0.2),
        ]

        def view(size, scale, *rest):
            return t.Compose([t.RandomResizedCrop(size, scale=scale, interpolation=BICUBIC), *colour, *rest, *finish])

        local = view(96, (0.05, 0.4), blur(0.5))
        first = view(224, (0.4, 1.0), blur(1.0))
        second = view(224, (0.4, 1.0), blur(0.1), solarize(0.2))
        self.views = [first, second] + [local] * 8

    def __call__(self, image):
        return [view(image) for view in self.views]


def read_tensor(path):
    return torchvision.io.decode_image(torchvision.io.read_file(path), torchvision.io.ImageReadMode.RGB)


def tensor_blur(probability):
    return v2.RandomApply([v2.GaussianBlur(kernel_size=9, sigma=(0.1, 2.0))], p=probability)


def tensor_solarize(probability):
    return v2.RandomSolarize(threshold=128, p=probability)


def dataset_of(peer, folder):
    if peer == "v2":
        finish = [v2.ToDtype(torch.float32, scale=True), v2.Normalize(MEAN, STD)]
        transform = MultiCrop(v2, tensor_blur, tensor_solarize, finish)
        return datasets.ImageFolder(folder, transform=transform, loader=read_tensor)
    finish = [T.PILToTensor()] if peer == "pil-uint8" else [T.ToTensor(), T.Normalize(MEAN, STD)]
    return datasets.ImageFolder(folder, transform=MultiCrop(T, GaussianBlur, Solarization, finish))


def forever(loader):
    while True:
        yield from loader


def cpu_seconds(pids):
    """Processor time of some processes: user and system, fields 14 and 15 of /proc/PID/stat."""
    ticks = os.sysconf("SC_CLK_TCK")
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / ticks


def children_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return [int(child) for child in file.read().split()]


class Peer:
    def __init__(self, name, plan):
        known = set(children_of(os.getpid()))
        workers = plan["workers"]
        loader = torch.utils.data.DataLoader(
            dataset_of(name, plan["folder"]),
            batch_size=plan["batchSize"],
            shuffle=True,
            drop_last=True,
            num_workers=workers,
            persistent_workers=True,
        )
        self.batches = forever(loader)
        self.warm = 2 * workers
        next(self.batches)
        self.pids = [os.getpid(), *(set(children_of(os.getpid())) - known)]

    def turn(self, count):
        # Batches made while others were measured come first: not timed.
        for _ in range(self.warm):
            next(self.batches)
        cpu, start = cpu_seconds(self.pids), time.perf_counter()
        for _ in range(count):
            next(self.batches)
        return {"seconds": time.perf_counter() - start, "cpuSeconds": cpu_seconds(self.pids) - cpu}


def main():
    if sys.argv[1] == "photos":
        make_photos(sys.argv[2], int(sys.argv[3]))
        return
    torch.set_num_threads(1)
    with open(sys.argv[2]) as file:
        plan = json.load(file)
    peers = {name: Peer(name, plan) for name in plan["peers"]}
    versions = f"torchvision {torchvision.__version__}, Pillow {Image.__version__}"
    print(json.dumps({"versions": versions}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps(peers[request["peer"]].turn(request["batches"])), flush=True)


if __name__ == "__main__":
    main()
