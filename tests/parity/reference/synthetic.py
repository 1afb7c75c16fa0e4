"""What diffusers and transformers make of the published configs, for tests/parity/models/synthetic.rs.

Writes `synthetic/digests.json`: for every kind of synthetic model and every part the number of parameters,
and SHA-256 over the lines "<name> <shape>\\n" of all its tensors, sorted by name. The models are
made without memory (`meta` device), with the published settings written out here.
"""

import hashlib
import json
import sys
from pathlib import Path

import torch
from diffusers import AutoencoderKL, AutoencoderTiny, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel

CROSS, PLAIN = "CrossAttnDownBlock2D", "DownBlock2D"
CROSS_UP, PLAIN_UP = "CrossAttnUpBlock2D", "UpBlock2D"
SD1 = dict(
    sample_size=64,
    cross_attention_dim=768,
    attention_head_dim=8,
    block_out_channels=(320, 640, 1280, 1280),
    down_block_types=(CROSS, CROSS, CROSS, PLAIN),
    up_block_types=(PLAIN_UP, CROSS_UP, CROSS_UP, CROSS_UP),
)
BASE = dict(SD1, layers_per_block=1)
TINY = dict(
    BASE,
    mid_block_type=None,
    block_out_channels=(320, 640, 1280),
    down_block_types=(CROSS,) * 3,
    up_block_types=(CROSS_UP,) * 3,
)
UNETS = {
    "sd15": SD1,
    "bk-sdm-base": BASE,
    "bk-sdm-small": dict(BASE, mid_block_type=None),
    "bk-sdm-tiny": TINY,
    "sd-turbo": dict(SD1, cross_attention_dim=1024, attention_head_dim=(5, 10, 20, 20), use_linear_projection=True),
    "lcm": dict(SD1, time_cond_proj_dim=256),
}
VAE = dict(
    block_out_channels=(128, 256, 512, 512),
    down_block_types=("DownEncoderBlock2D",) * 4,
    up_block_types=("UpDecoderBlock2D",) * 4,
    layers_per_block=2,
    latent_channels=4,
    sample_size=512,
)
CLIP = dict(hidden_size=768, intermediate_size=3072, num_attention_heads=12, num_hidden_layers=12, vocab_size=49408)
OPEN_CLIP = dict(hidden_size=1024, intermediate_size=4096, num_attention_heads=16, num_hidden_layers=23, vocab_size=49408)


def digest(model: torch.nn.Module, prefix: str = "") -> dict:
    """Names as published files have them: transformers 5 leaves out the text encoder's root."""
    state = {prefix + name.removeprefix(prefix): value for name, value in model.state_dict().items()}
    lines = "".join(f"{name} {list(value.shape)}\n" for name, value in sorted(state.items()))
    parameters = sum(value.numel() for value in state.values())
    return dict(parameters=parameters, sha256=hashlib.sha256(lines.encode()).hexdigest())


def make(seed: int, out: Path) -> None:
    """Nothing here is random; the seed is every section's."""
    kinds = {}
    with torch.device("meta"):
        vae = digest(AutoencoderKL(**VAE))
        for kind, settings in UNETS.items():
            clip = CLIPTextConfig(**(OPEN_CLIP if kind == "sd-turbo" else CLIP))
            kinds[kind] = dict(
                text_encoder=digest(CLIPTextModel(clip), "text_model."),
                unet=digest(UNet2DConditionModel(**settings)),
                vae=vae,
            )
        kinds["taesd"] = {"": digest(AutoencoderTiny())}
    folder = out / "synthetic"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "digests.json").write_text(json.dumps(kinds, indent=1) + "\n")


if __name__ == "__main__":
    make(int(sys.argv[1]), Path(sys.argv[2]))
