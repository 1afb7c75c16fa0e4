#!/usr/bin/env bash
# Makes the base from nothing: tools/base/make.sh WORK. Each stage is left out where its result is there;
# run it again to train on. MINUTES sets how long the UNet trains (60), THINGS which things the base learns:
# first (the 73 that a processor can teach) or all (241), JUDGE_MINUTES how long the judge trains (25 in all).
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
work="$(mkdir -p "$1" && cd "$1" && pwd)"
python="${PYTHON:-python3}"
cp "$here/package.json" "$work/"
[ -d "$work/node_modules" ] || npm install --prefix "$work"
[ -e "$work/index.json" ] || { "$python" "$here/sprites.py" "$work"; node "$here/rasterise.mjs" "$work"; }
[ -d "$work/base/tokenizer" ] || "$python" "$here/vocabulary.py" "$work"
[ -e "$work/scenes.npz" ] || "$python" "$here/scenes.py" "$work" --things "${THINGS:-first}"
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
