"""Measures PyTorch on the processor: `python3 pytorch.py compiled resnet18 --mode training --batch 16 --threads 2 --runs 5`
prints {"ms": [...], "runsOn": "..."}. Networks are written out here, so that torch alone is needed."""

import argparse
import json
import sys
import time

try:
    import torch
    from torch import nn
    from torch.nn import functional as F
except ImportError:
    sys.exit(
        "PyTorch is missing: python3 -m venv .venv && .venv/bin/pip install torch, then RESNET_BENCH_PYTHON=.venv/bin/python"
    )


def convolution(inputs, outputs, size, stride=1):
    return nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False)


class Block(nn.Module):
    """arXiv:1512.03385, figure 5: convolutions of the sizes given, the stride in the first of 3x3, and the shortcut."""

    def __init__(self, inputs, widths, sizes, stride, projection):
        super().__init__()
        strided = sizes.index(3)
        layers = []
        for at, (size, source, width) in enumerate(zip(sizes, [inputs, *widths], widths)):
            layers += [convolution(source, width, size, stride if at == strided else 1), nn.BatchNorm2d(width)]
            if at < len(sizes) - 1:
                layers.append(nn.ReLU(inplace=True))
        self.branch = nn.Sequential(*layers)
        self.shortcut = nn.Identity()
        if stride > 1 or inputs != widths[-1]:
            self.shortcut = projection(inputs, widths[-1], stride)

    def forward(self, x):
        return F.relu(self.branch(x) + self.shortcut(x), inplace=True)


def projected(inputs, outputs, stride):
    """Shortcut B: a projection."""
    return nn.Sequential(convolution(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs))


class Padded(nn.Module):
    """Shortcut A: every other pixel, new channels of zeros on both sides."""

    def __init__(self, inputs, outputs, _stride):
        super().__init__()
        self.added = (outputs - inputs) // 2

    def forward(self, x):
        return F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.added, self.added))


def stages(blocks, widths, expansion, sizes, projection):
    inputs = widths[0]
    for stage, (count, width) in enumerate(zip(blocks, widths)):
        for block in range(count):
            branch = [width] * (len(sizes) - 1) + [width * expansion]
            stride = 2 if stage > 0 and block == 0 else 1
            yield Block(inputs, branch, sizes, stride, projection)
            inputs = branch[-1]


def imagenet(blocks, expansion, sizes):
    stem = [convolution(3, 64, 7, 2), nn.BatchNorm2d(64), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)]
    body = stages(blocks, [64, 128, 256, 512], expansion, sizes, projected)
    return nn.Sequential(*stem, *body, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512 * expansion, 1000))


def cifar(depth):
    stem = [convolution(3, 16, 3), nn.BatchNorm2d(16), nn.ReLU(inplace=True)]
    body = stages([(depth - 2) // 6] * 3, [16, 32, 64], 1, [3, 3], Padded)
    return nn.Sequential(*stem, *body, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


# What builds a network, the size of its images, its classes.
NETWORKS = {
    "resnet18": (lambda: imagenet([2, 2, 2, 2], 1, [3, 3]), 224, 1000),
    "resnet50": (lambda: imagenet([3, 4, 6, 3], 4, [1, 3, 1]), 224, 1000),
    "resnet20": (lambda: cifar(20), 32, 10),
    "resnet56": (lambda: cifar(56), 32, 10),
}


def inference(network, images):
    network.eval()

    def step():
        with torch.no_grad():
            return network(images)

    return step


def training(network, images, classes):
    targets = torch.randint(classes, (images.shape[0],))
    optimiser = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4)

    def step():
        optimiser.zero_grad(set_to_none=True)
        F.cross_entropy(network(images), targets).backward()
        optimiser.step()

    return step


def time_steps(step, runs, warm_up=3, limit_seconds=20):
    """As many steps as asked for, fewer where they take long."""
    for _ in range(warm_up):
        step()
    start, milliseconds = time.perf_counter(), []
    while not milliseconds or (len(milliseconds) < runs and time.perf_counter() - start < limit_seconds):
        before = time.perf_counter()
        step()
        milliseconds.append(1000 * (time.perf_counter() - before))
    return milliseconds


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("way", choices=["eager", "compiled"])
    parser.add_argument("network", choices=NETWORKS)
    parser.add_argument("--mode", choices=["inference", "training"], default="inference")
    for count in ("batch", "threads", "runs"):
        parser.add_argument(f"--{count}", type=int, required=True)
    given = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(given.threads)
    build, size, classes = NETWORKS[given.network]
    network = build().to(memory_format=torch.channels_last)
    images = torch.randn(given.batch, 3, size, size).to(memory_format=torch.channels_last)
    step = inference(network, images) if given.mode == "inference" else training(network, images, classes)
    if given.way == "compiled":
        # Freezing folds batch normalisation and packs weights; it is for inference alone.
        torch._inductor.config.freezing = given.mode == "inference"
        network.compile()
    milliseconds = time_steps(step, given.runs)
    runs_on = f"PyTorch {torch.__version__}, {given.way}, {given.threads} threads"
    print(json.dumps({"ms": milliseconds, "runsOn": runs_on}))


main()
