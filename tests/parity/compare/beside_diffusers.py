"""Pictures by `booth generate` beside diffusers', from the same starting noise.

    python tests/parity/compare/beside_diffusers.py --booth target/release/booth [--base static/base]
        [--prompt TEXT] [--negative TEXT] [--guidance 4] [--steps 25] [--count 2] [--seed 0]

Both compute in F32 on the processor. Prints the relative L2 difference ‖booth − diffusers‖ /
‖diffusers‖ of the final latents and of the pictures in [0, 1], and the largest difference of an
8-bit pixel. Fails when the latents differ by more than --within. Needs torch, diffusers,
transformers, safetensors.
"""

import argparse
import subprocess
import tempfile
from pathlib import Path

import torch
from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
from safetensors.torch import load_file, save_file
from transformers import CLIPTextModel, CLIPTokenizer


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--booth", type=Path, required=True)
    parser.add_argument("--base", type=Path, default=Path("static/base"))
    parser.add_argument("--prompt", default="photo of a robot in the snow")
    parser.add_argument("--negative", default="")
    parser.add_argument("--guidance", type=float, default=4.0)
    parser.add_argument("--steps", type=int, default=25)
    parser.add_argument("--count", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0, help="of the starting noise")
    parser.add_argument("--within", type=float, default=1e-3)
    return parser.parse_args()


def by_booth(asked: argparse.Namespace, start: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Final latents and pictures in [0, 1]."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        save_file({"latents": start}, place / "start.safetensors")
        command = [
            asked.booth.resolve(), "generate", "--base", asked.base,
            "--prompt", asked.prompt, "--negative-prompt", asked.negative,
            "--guidance-scale", str(asked.guidance), "--num-inference-steps", str(asked.steps),
            "--latents", place / "start.safetensors",
            "--dump", place / "dump.safetensors", "--out", place / "picture.png",
        ]  # fmt: skip
        subprocess.run(command, check=True)
        dump = load_file(place / "dump.safetensors")
    return dump["latents"], dump["images"]


@torch.no_grad()
def by_diffusers(asked: argparse.Namespace, start: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The same, part by part as StableDiffusionPipeline joins them."""
    base = asked.base
    tokenizer = CLIPTokenizer.from_pretrained(base / "tokenizer")
    text_encoder = CLIPTextModel.from_pretrained(base / "text_encoder", dtype=torch.float32)
    unet = UNet2DConditionModel.from_pretrained(base / "unet", torch_dtype=torch.float32)
    vae = AutoencoderKL.from_pretrained(base / "vae", torch_dtype=torch.float32)
    scheduler = DDIMScheduler.from_pretrained(base / "scheduler")

    length = text_encoder.config.max_position_embeddings
    words = tokenizer(
        [asked.negative, asked.prompt],
        padding="max_length", truncation=True, max_length=length, return_tensors="pt",
    )  # fmt: skip
    states = text_encoder(words.input_ids).last_hidden_state.repeat_interleave(len(start), dim=0)
    scheduler.set_timesteps(asked.steps)
    latents = start * scheduler.init_noise_sigma
    for t in scheduler.timesteps:
        if asked.guidance > 1:
            without, towards = unet(torch.cat([latents] * 2), t, states).sample.chunk(2)
            noise = without + asked.guidance * (towards - without)
        else:
            noise = unet(latents, t, states[len(start) :]).sample
        latents = scheduler.step(noise, t, latents).prev_sample
    decoded = vae.decode(latents / vae.config.scaling_factor).sample
    return latents, (decoded / 2 + 0.5).clamp(0, 1)


def main() -> None:
    asked = options()
    config = UNet2DConditionModel.load_config(asked.base / "unet")
    side = config["sample_size"]
    generator = torch.Generator().manual_seed(asked.seed)
    start = torch.randn(asked.count, config["in_channels"], side, side, generator=generator)
    ours, theirs = by_booth(asked, start), by_diffusers(asked, start)
    relative = lambda a, b: ((a - b).norm() / b.norm()).item()
    print(f"latents: relative L2 {relative(ours[0], theirs[0]):.2e}")
    print(f"pictures: relative L2 {relative(ours[1], theirs[1]):.2e}")
    levels = lambda pictures: (pictures * 255).round()
    print(f"pictures: largest 8-bit difference {(levels(ours[1]) - levels(theirs[1])).abs().max():.0f}")
    if relative(ours[0], theirs[0]) > asked.within:
        raise SystemExit(f"the latents differ by more than {asked.within}")


if __name__ == "__main__":
    main()
