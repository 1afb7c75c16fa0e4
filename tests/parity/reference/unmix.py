"""Attention maps and the unmix loss in PyTorch, for tests/parity/unmix.rs.

Writes `unmix/io.safetensors`: of the first sample of the fixture `unet_sd1`, the weights of every attention to
the text, averaged over the heads, `map.<i>` [pixels, tokens] in the order of the forward pass, and
the loss of a collage (left/right, seam 0.4, words 1 and 2 on the left, 4 on the right) over them.
"""

from pathlib import Path

import torch
from diffusers import UNet2DConditionModel
from safetensors.torch import load_file, save_file

SEAM = 0.4
TOKENS = [[1, 2], [4]]


class Keep:
    """An attention processor that keeps its weights (diffusers' own `AttnProcessor`, shortened)."""

    def __init__(self, maps: list[torch.Tensor]):
        self.maps = maps

    def __call__(self, attn, hidden_states, encoder_hidden_states=None, attention_mask=None, temb=None):
        context = hidden_states if encoder_hidden_states is None else encoder_hidden_states
        query, key, value = (
            attn.head_to_batch_dim(of(x))
            for of, x in ((attn.to_q, hidden_states), (attn.to_k, context), (attn.to_v, context))
        )
        weights = attn.get_attention_scores(query, key, attention_mask)
        if encoder_hidden_states is not None:
            self.maps.append(weights.reshape(hidden_states.shape[0], attn.heads, *weights.shape[1:]).mean(1))
        hidden_states = attn.batch_to_head_dim(torch.bmm(weights, value))
        return attn.to_out[1](attn.to_out[0](hidden_states))


def unmix_loss(maps: list[torch.Tensor], sides: list[tuple[int, int]]) -> torch.Tensor:
    losses = []
    for weights, (_, width) in zip(maps, sides, strict=True):
        left = torch.tensor([(pixel % width + 0.5) / width < SEAM for pixel in range(weights.shape[0])])
        relative = weights / (weights.max(0).values + 1e-6)
        squares = [relative[~own][:, words].square().mean() for own, words in zip((left, ~left), TOKENS, strict=True)]
        losses.append(sum(squares) / 2)
    return torch.stack(losses).mean()


@torch.no_grad()
def make(seed: int, out: Path) -> None:
    folder = out / "unet_sd1"
    unet = UNet2DConditionModel.from_pretrained(folder).eval()
    io = load_file(folder / "io.safetensors")
    maps: list[torch.Tensor] = []
    unet.set_attn_processor(Keep(maps))
    output = unet(io["sample"][:1], io["timestep"][:1], io["encoder_hidden_states"][:1]).sample
    assert torch.allclose(output, io["output"][:1], atol=1e-4)
    maps = [kept[0] for kept in maps]
    sides = [(round(kept.shape[0] ** 0.5),) * 2 for kept in maps]
    tensors = {f"map.{i}": kept.contiguous() for i, kept in enumerate(maps)}
    (out / "unmix").mkdir(parents=True, exist_ok=True)
    save_file(tensors | {"loss": unmix_loss(maps, sides)[None]}, out / "unmix/io.safetensors")
