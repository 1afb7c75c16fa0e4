"""Small random autoencoders of diffusers and what they answer, for tests/parity/models/vae.rs.

Folders `vae/` and `vae_plain/` as in unet.py; `io.safetensors` has `pictures`, `mean`,
`log_variance`, `noise`, `sampled`, `latents`, `decoded`. Two channels of the log-variance of
`vae/` lie outside the clamp.
"""

import sys
from pathlib import Path

import torch
from diffusers import AutoencoderKL

sys.path.insert(0, str(Path(__file__).parent))
from unet import randomise, save  # noqa: E402


def config(levels: list[int], **options) -> dict:
    return dict(
        options,
        block_out_channels=levels,
        down_block_types=["DownEncoderBlock2D"] * len(levels),
        up_block_types=["UpDecoderBlock2D"] * len(levels),
        norm_num_groups=4,
        sample_size=32,
    )


SHAPES = {
    "vae": config([8, 16], layers_per_block=1, scaling_factor=0.18215),
    "vae_plain": config(
        [4, 8, 12],
        layers_per_block=2,
        scaling_factor=0.5,
        use_quant_conv=False,
        use_post_quant_conv=False,
        mid_block_add_attention=False,
    ),
}


@torch.no_grad()
def make(seed: int, out: Path) -> None:
    generator = torch.Generator().manual_seed(seed)
    for name, shape in SHAPES.items():
        model = AutoencoderKL(**shape).eval()
        randomise(model, generator)
        if model.quant_conv is not None:
            model.quant_conv.bias[5], model.quant_conv.bias[7] = -40.0, 30.0
        pictures = torch.rand(2, 3, 24, 32, generator=generator) * 2 - 1
        moments = model.encode(pictures).latent_dist
        noise = torch.randn(moments.mean.shape, generator=generator)
        latents = torch.randn(moments.mean.shape, generator=generator)
        tensors = dict(
            pictures=pictures,
            mean=moments.mean,
            log_variance=moments.logvar,
            noise=noise,
            sampled=moments.mean + moments.std * noise,
            latents=latents,
            decoded=model.decode(latents).sample,
        )
        save(model, out / name, tensors)


if __name__ == "__main__":
    make(int(sys.argv[1]), Path(sys.argv[2]))
