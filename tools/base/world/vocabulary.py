"""A small BPE vocabulary in CLIP's format for the captions: WORK/base/tokenizer.

    python -m world.vocabulary WORK
"""

import json
import re
import sys
from collections import Counter
from pathlib import Path

from world.grounds import COLOURS, SCENES
from world.things import UNKNOWN_WORDS

MERGES = 1200
TOKENS = 32
START, END = "<|startoftext|>", "<|endoftext|>"
GRAMMAR = "photo drawing cartoon picture of a an the on in at under left right top bottom and next to two small big background sitting beside"
# Identifiers that people and papers use, so that each is one token.
IDENTIFIERS = ["sks", "olis", "zwx", "hta", "v1", "v2"]


def byte_letters() -> list[str]:
    """GPT-2's printable letter of every byte, the printable bytes first."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    return [chr(byte) for byte in printable] + [chr(256 + n) for n in range(len(others))]


def corpus(known: list[str]) -> Counter[str]:
    texts = [GRAMMAR] * 50 + UNKNOWN_WORDS * 5 + IDENTIFIERS * 20
    # All of them, so that a base that knows more keeps the vocabulary.
    for thing in known:
        texts += [thing, thing + "s"] * 5
    texts += [*COLOURS, *SCENES] * 20
    return Counter(word for text in texts for word in re.findall(r"[a-z]+|[0-9]|[^\s a-z0-9]+", text.lower()))


def merges(words: Counter[str]) -> list[tuple[str, str]]:
    """The most frequent pair, merged, again and again."""
    split = {word: [*word[:-1], word[-1] + "</w>"] for word in words}
    found: list[tuple[str, str]] = []
    while len(found) < MERGES:
        pairs = Counter()
        for word, symbols in split.items():
            for pair in zip(symbols, symbols[1:]):
                pairs[pair] += words[word]
        if not pairs:
            break
        best = max(pairs, key=lambda pair: (pairs[pair], pair))
        found.append(best)
        split = {word: merged(symbols, best) for word, symbols in split.items()}
    return found


def merged(symbols: list[str], pair: tuple[str, str]) -> list[str]:
    out, i = [], 0
    while i < len(symbols):
        if tuple(symbols[i : i + 2]) == pair:
            out.append("".join(pair))
            i += 2
        else:
            out.append(symbols[i])
            i += 1
    return out


def main(work: Path) -> None:
    known = list(json.loads((work / "index.json").read_text()))
    pairs, letters = merges(corpus(known)), byte_letters()
    vocabulary = [*letters, *(letter + "</w>" for letter in letters), *("".join(pair) for pair in pairs), START, END]
    if len(set(vocabulary)) != len(vocabulary):
        sys.exit("two merges give the same token")
    out = work / "base/tokenizer"
    out.mkdir(parents=True, exist_ok=True)
    special = {"bos_token": START, "eos_token": END, "unk_token": END, "pad_token": END}
    config = {"tokenizer_class": "CLIPTokenizer", "model_max_length": TOKENS, "do_lower_case": True} | special
    (out / "vocab.json").write_text(json.dumps({token: i for i, token in enumerate(vocabulary)}, ensure_ascii=False))
    (out / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in pairs))
    (out / "tokenizer_config.json").write_text(json.dumps(config))
    (out / "special_tokens_map.json").write_text(json.dumps(special))
    print(f"{len(vocabulary)} tokens, {len(pairs)} merges")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
