#!/usr/bin/env bash
# Makes the embedded base model: tools/base/make.sh WORK. A stage whose result exists is skipped; another run
# trains on. MINUTES sets how long the UNet trains (60), THINGS which things the base model learns: first (the
# 73 that a CPU can train) or all (241), JUDGE_MINUTES how long the judge trains (25).
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
work="$(mkdir -p "$1" && cd "$1" && pwd)"
python="${PYTHON:-python3}"
export PYTHONPATH="$here"
cp "$here/package.json" "$work/"
[ -d "$work/node_modules" ] || npm install --prefix "$work"
[ -e "$work/index.json" ] || { "$python" -m world.sprites "$work"; node "$here/world/rasterise.mjs" "$work"; }
[ -d "$work/base/tokenizer" ] || "$python" -m world.vocabulary "$work"
[ -e "$work/scenes.npz" ] || "$python" -m world.scenes "$work" --things "${THINGS:-first}"
[ -d "$work/base/vae" ] || "$python" "$here/autoencoder.py" "$work" train
[ -e "$work/latents.pt" ] || "$python" "$here/autoencoder.py" "$work" latents
[ -e "$work/decoder" ] || "$python" "$here/autoencoder.py" "$work" decoder --minutes 25
[ -e "$work/tiny" ] || "$python" "$here/tiny.py" "$work" train --minutes 12
"$python" "$here/train.py" "$work" --minutes "${MINUTES:-60}"
[ -e "$work/judge.npz" ] || "$python" "$here/judge.py" "$work" scenes
"$python" "$here/judge.py" "$work" train --minutes "${JUDGE_MINUTES:-25}"
"$python" "$here/judge.py" "$work" score
"$python" "$here/marks.py" "$work" --base "$work/base" --things "${THINGS:-first}"
"$python" "$here/sheet.py" "$work/base" "$work/sheet.png"
echo "Look at $work/sheet.png. If it is better than before: (cd $(dirname "$(dirname "$here")") && $python tools/base/export.py $work/base --decoder $work/decoder --tiny $work/tiny)"
