"""Schedules of diffusers, for tests/parity/sampling/schedules.rs.

Writes `schedules/schedules.json`: for every scheduler config alphas_cumprod (the shortest decimals
that give the F32 value again), and for every spacing and number of steps the timesteps.
"""

import itertools
import json
from pathlib import Path

from diffusers import DDIMScheduler, DDPMScheduler

BASES = {
    "stable-diffusion-1": dict(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear"),
    "ddpm": dict(beta_start=0.0001, beta_end=0.02, beta_schedule="linear"),
    "cosine": dict(beta_schedule="squaredcos_cap_v2"),
    "short": dict(num_train_timesteps=77, beta_start=0.001, beta_end=0.05, beta_schedule="scaled_linear"),
}
STEPS = [1, 2, 3, 7, 25, 49, 50, 61]


def make(seed: int, out: Path) -> None:
    """The configs are fixed; `seed` plays no part."""
    out = out / "schedules"
    out.mkdir(parents=True, exist_ok=True)
    cases = []
    for (name, base), zero_snr, to_one in itertools.product(BASES.items(), [False, True], [False, True]):
        # One last step that differs says enough of it.
        if to_one and zero_snr:
            continue
        config = dict(base, rescale_betas_zero_snr=zero_snr, set_alpha_to_one=to_one)
        scheduler = DDIMScheduler(**config)
        runs = []
        for spacing, offset in itertools.product(["leading", "trailing", "linspace"], [0, 1]):
            timed = DDIMScheduler(**config, timestep_spacing=spacing, steps_offset=offset)
            for steps in STEPS:
                timed.set_timesteps(steps)
                # For some numbers of steps numpy rounds a timestep of -1 into being; it is no timestep.
                timesteps = timed.timesteps.tolist()[:steps]
                runs.append(dict(timestep_spacing=spacing, steps_offset=offset, steps=steps, timesteps=timesteps))
        cases.append(
            dict(
                name=f"{name}, zero SNR {zero_snr}, alpha to one {to_one}",
                config=dict(scheduler.config),
                final_alpha_cumprod=float(str(scheduler.final_alpha_cumprod.numpy())),
                alphas_cumprod=[float(str(a)) for a in scheduler.alphas_cumprod.numpy()],
                runs=runs,
            )
        )
        same = {k: v for k, v in config.items() if k != "set_alpha_to_one"}
        assert (DDPMScheduler(**same).alphas_cumprod == scheduler.alphas_cumprod).all()
    (out / "schedules.json").write_text(json.dumps(cases, default=str))


if __name__ == "__main__":
    import sys

    make(0, Path(sys.argv[1]))
