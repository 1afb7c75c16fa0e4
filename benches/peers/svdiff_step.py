#!/usr/bin/env python3
"""One SVDiff training step in PyTorch, the weights rebuilt in every forward pass as svdiff-pytorch does.

    python benches/peers/svdiff_step.py BASE [--steps 20] [--warmup 3] [--threads 2] [--norms full|scalar]

BASE is a diffusers folder. A step is what `booth train` does: one picture of the subject and one
class picture (latents and text embeddings are cached, as svdiff-pytorch can), epsilon-MSE plus the
prior's, backward to every delta, clipping at 1.0, AdamW with two learning rates. Prints one line
of JSON: milliseconds per step (mean, median, least), seconds of all decompositions, deltas.

Needs torch and diffusers.
"""

import argparse
import json
import statistics
import time

import torch
from diffusers import DDPMScheduler, UNet2DConditionModel
from torch import nn
from torch.nn import functional


class Rebuilt(nn.Module):
    """weight -> U diag(relu(sigma + delta)) Vh, in the weight's own shape (svdiff-pytorch's SVDConv2d, SVDLinear)."""

    def __init__(self, weight: torch.Tensor):
        super().__init__()
        u, s, vh = torch.linalg.svd(weight.detach().reshape(weight.shape[0], -1), full_matrices=False)
        self.shape = weight.shape
        self.register_buffer("u", u)
        self.register_buffer("s", s)
        self.register_buffer("vh", vh)
        self.delta = nn.Parameter(torch.zeros_like(s))

    def forward(self) -> torch.Tensor:
        return (self.u @ torch.diag(functional.relu(self.s + self.delta)) @ self.vh).reshape(self.shape)


class FullNorm(nn.Module):
    """weight + delta, one number per channel (the authors' form)."""

    def __init__(self, weight: torch.Tensor):
        super().__init__()
        self.register_buffer("weight", weight.detach().clone())
        self.delta = nn.Parameter(torch.zeros_like(weight))

    def forward(self) -> torch.Tensor:
        return self.weight + self.delta


class ScalarNorm(Rebuilt):
    """The 1 x C row, rebuilt from its one singular value (svdiff-pytorch's SVDLayerNorm, SVDGroupNorm)."""

    def __init__(self, weight: torch.Tensor):
        super().__init__(weight.reshape(1, -1))
        self.shape = weight.shape


class Shifted(nn.Module):
    """A layer whose weight comes from its shift in every forward pass."""

    def __init__(self, layer: nn.Module, weight: nn.Module):
        super().__init__()
        self.weight, self.bias, self.layer = weight, layer.bias, [layer]

    def forward(self, x: torch.Tensor, *_) -> torch.Tensor:
        layer, weight = self.layer[0], self.weight()
        match layer:
            case nn.Linear():
                return functional.linear(x, weight, self.bias)
            case nn.Conv2d():
                return functional.conv2d(x, weight, self.bias, layer.stride, layer.padding)
            case nn.GroupNorm():
                return functional.group_norm(x, layer.num_groups, weight, self.bias, layer.eps)
            case _:
                return functional.layer_norm(x, layer.normalized_shape, weight, self.bias, layer.eps)


def shift(model: nn.Module, norms: str) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """Replaces every linear, convolution and norm; gives back the deltas of matrices and of norms."""
    matrices, vectors = [], []
    for parent in list(model.modules()):
        for name, layer in list(parent.named_children()):
            if isinstance(layer, nn.Linear | nn.Conv2d):
                weight = Rebuilt(layer.weight)
                matrices.append(weight.delta)
            elif isinstance(layer, nn.GroupNorm | nn.LayerNorm):
                weight = (FullNorm if norms == "full" else ScalarNorm)(layer.weight)
                vectors.append(weight.delta)
            else:
                continue
            setattr(parent, name, Shifted(layer, weight))
    return matrices, vectors


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("base")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--warmup", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--norms", choices=["full", "scalar"], default="full")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)

    unet = UNet2DConditionModel.from_pretrained(options.base, subfolder="unet", torch_dtype=torch.float32)
    unet.requires_grad_(False)
    scheduler = DDPMScheduler.from_pretrained(options.base, subfolder="scheduler")
    start = time.perf_counter()
    matrices, vectors = shift(unet, options.norms)
    decomposition = time.perf_counter() - start
    optimiser = torch.optim.AdamW(
        [{"params": matrices, "lr": 1e-3}, {"params": vectors, "lr": 1e-6}], weight_decay=1e-2
    )

    config = unet.config
    size, tokens = config.sample_size, 32
    latents = torch.randn(2, config.in_channels, size, size)
    text = torch.randn(2, tokens, config.cross_attention_dim)
    times = []
    for step in range(options.warmup + options.steps):
        start = time.perf_counter()
        noise = torch.randn_like(latents)
        timesteps = torch.randint(0, scheduler.config.num_train_timesteps, (2,))
        predicted = unet(scheduler.add_noise(latents, noise, timesteps), timesteps, text).sample
        subject, prior = ((predicted - noise) ** 2).chunk(2)
        loss = subject.mean() + prior.mean()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(matrices + vectors, 1.0)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        if step >= options.warmup:
            times.append((time.perf_counter() - start) * 1e3)

    print(json.dumps({
        "ms_per_step": round(statistics.mean(times), 1),
        "median_ms": round(statistics.median(times), 1),
        "least_ms": round(min(times), 1),
        "decomposition_s": round(decomposition, 2),
        "matrix_deltas": sum(p.numel() for p in matrices),
        "norm_deltas": sum(p.numel() for p in vectors),
        "threads": options.threads,
        "torch": torch.__version__,
    }))


if __name__ == "__main__":
    main()
