"""A small CLIP vocabulary and 10,000 strings with transformers' token ids.

`tokenizer_sd1` pads with the end token, `tokenizer_sd2` with '!' (said by special_tokens_map.json
only, as in Stable Diffusion 2). `strings.jsonl` has [text, ids] per line, ids without the padding.
"""

import json
import random
import shutil
import unicodedata
from collections import Counter
from pathlib import Path

from transformers import CLIPTokenizer

WORDS = """a photo of the dog cat robot castle dinosaur penguin on in under at night with red blue yellow background
drawing painting sitting beside left right snow beach forest mountain riding bicycle wearing hat glasses highly detailed
4k 8k digital art trending masterpiece don't it's we'll they've i'm he'd you're café naïve über straße jalapeño ångström
собака на снегу кошка σκύλος στο χιόνι 犬の写真 雪の中 고양이 사진 كلب في الثلج कुत्ता สุนัข hello world sks zwx""".split()
EMOJI = ["🐶", "🤖", "👩‍👩‍👧‍👦", "🏳️‍🌈", "👍🏽", "❤️", "🇩🇪", "☃", "1️⃣", "🦖", "✨", "®", "™"]
SPACES = [" ", "  ", "\t", "\n", "\r\n", "\x0b", "\x0c", "\x85", "\xa0", "\u1680", "\u2003", "\u2028", "\u202f", "\u3000", "\u200b", "\ufeff"]
CONTROLS = ["\x00", "\x01", "\x1b", "\x1c", "\x1f", "\x7f", "\x80", "\x9f", "\u200d", "\u200e", "\u202e", "\ufffd", "\U000e0041"]
SPECIAL = ["<|startoftext|>", "<|endoftext|>", "<|STARTOFTEXT|>", "<|EndOfText|>", "<|endoftext|", "|>", "<|", "</w>", "!", "!!", "<|endoftext|><|endoftext|>"]
CONTRACTIONS = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'S", "'LL", "’s", "''s", "'x", "'", "s'"]
PUNCTUATION = list("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~¡¿«»…—–„“”、。！？·") + ["...", "!?", "://", "(:", "--", "##", "&amp;"]
CASES = list("İıẞßΣσςſKÅǅǄﬁﬀŉΐΰԱևᏣᲐꭰ") + ["ΟΔΥΣΣΕΥΣ", "İSTANBUL", "STRASSE", "ΌΣΟΣ"]
NUMBERS = list("0123456789²³½¼①⑩Ⅷⅷ٣४๓〇一㊿𝟘𝟙🄁") + ["1920x1080", "3.14", "１２３"]
BLOCKS = [
    (0x21, 0x7E), (0xA1, 0x24F), (0x300, 0x36F), (0x370, 0x52F), (0x5D0, 0x6FF), (0x900, 0xDFF), (0xE00, 0xFFF), (0x1100, 0x11FF),
    (0x1E00, 0x1FFF), (0x2000, 0x214F), (0x2150, 0x2BFF), (0x3000, 0x30FF), (0x4E00, 0x9FFF), (0xA640, 0xABFF), (0xAC00, 0xD7A3),
    (0xE000, 0xE0FF), (0xF900, 0xFFEF), (0x10000, 0x10FFF), (0x11000, 0x11FFF), (0x1D000, 0x1D7FF), (0x1E000, 0x1EFFF), (0x1F000, 0x1FAFF),
    (0x20000, 0x2FFFF), (0xE0000, 0xE01EF), (0x100000, 0x10FFFF),
]


def alphabet():
    """GPT-2's `bytes_to_unicode`, in CLIP's order of the vocabulary."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    return dict(zip(printable + others, [chr(byte) for byte in printable] + [chr(256 + i) for i in range(len(others))]))


def learn(words, count):
    """Plain byte-pair encoding; ties go to the greater pair, so that it is the same everywhere."""
    letters, merges = alphabet(), []
    corpus = {word: [letters[byte] for byte in word.encode()] for word in words}
    corpus = {word: [*symbols[:-1], symbols[-1] + "</w>"] for word, symbols in corpus.items()}
    while len(merges) < count:
        pairs = Counter()
        for word, symbols in corpus.items():
            for pair in zip(symbols, symbols[1:]):
                pairs[pair] += words[word]
        if not pairs:
            break
        best = max(pairs, key=lambda pair: (pairs[pair], pair))
        merges.append(best)
        for word, symbols in corpus.items():
            merged = []
            for symbol in symbols:
                if merged and (merged[-1], symbol) == best:
                    merged[-1] += symbol
                else:
                    merged.append(symbol)
            corpus[word] = merged
    return merges


def scalar(choose):
    first, last = choose.choice(BLOCKS)
    return chr(choose.randint(first, last))


def string(choose):
    """One string of one of the kinds that prompts, and attacks on them, are made of."""
    pick = lambda lists, least, most: [choose.choice(choose.choice(lists)) for _ in range(choose.randint(least, most))]
    kind = choose.random()
    if kind < 0.3:
        text = " ".join(pick([WORDS], 0, 9))
        text = choose.choice([str.lower, str.upper, str.title, str.swapcase, str])(text)
        return text + choose.choice(["", "", ".", "!", ", "]) + choose.choice(["", "", " ", "\n"])
    if kind < 0.55:
        return "".join(pick([WORDS, EMOJI, SPACES, CONTROLS, SPECIAL, CONTRACTIONS, PUNCTUATION, CASES, NUMBERS], 1, 9))
    if kind < 0.75:
        return "".join(scalar(choose) for _ in range(choose.randint(1, 9)))
    if kind < 0.85:
        text = "".join(pick([WORDS, CASES], 1, 2)) + "".join(chr(choose.randint(0x300, 0x36F)) for _ in range(choose.randint(1, 4)))
        return unicodedata.normalize(choose.choice(["NFC", "NFD", "NFKD"]), text) + choose.choice(WORDS)
    if kind < 0.93:
        marks = [scalar(choose) for _ in range(2)]
        return "".join(choose.choice(pool) for pool in (WORDS, marks, SPACES, CONTRACTIONS, marks, PUNCTUATION, WORDS))
    if kind < 0.98:
        return choose.choice(SPACES).join(pick([SPECIAL, WORDS, SPECIAL], 1, 6))
    return choose.choice([choose.choice(WORDS) * 60, " ".join(pick([WORDS], 60, 90)), choose.choice(EMOJI) * 40, "!" * 200])


def save(folder, vocab, merges, config, special_tokens_map):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "vocab.json").write_text(json.dumps(vocab, ensure_ascii=False), encoding="utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in merges), encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    (folder / "special_tokens_map.json").write_text(json.dumps(special_tokens_map))


def make(seed: int, out: Path) -> None:
    choose = random.Random(seed)
    words = Counter({word: choose.randint(1, 40) for word in WORDS + EMOJI + ["##", "!!", "...", "'s", "'ll"]})
    merges = learn(words, 600)
    letters = list(alphabet().values())
    tokens = letters + [letter + "</w>" for letter in letters] + ["".join(pair) for pair in merges] + ["<|startoftext|>", "<|endoftext|>"]
    tokens = list(dict.fromkeys(tokens))
    vocab = {token: i for i, token in enumerate(tokens)}

    flags = dict(lstrip=False, normalized=True, rstrip=False, single_word=False)
    start, end = dict(content="<|startoftext|>", **flags), dict(content="<|endoftext|>", **flags)
    typed = lambda token: {"__type": "AddedToken", **token}
    config = dict(
        add_prefix_space=False, bos_token=typed(start), eos_token=typed(end), unk_token=typed(end), pad_token="<|endoftext|>",
        do_lower_case=True, errors="replace", model_max_length=77, tokenizer_class="CLIPTokenizer",
    )
    common = dict(bos_token=start, eos_token=end, unk_token=end)
    for name, pad, count in [("sd1", "<|endoftext|>", 7000), ("sd2", "!", 3000)]:
        folder = out / f"tokenizer_{name}"
        save(folder, vocab, merges, config, common | dict(pad_token=pad))
        tokenizer = CLIPTokenizer.from_pretrained(folder)
        assert tokenizer.pad_token == pad and tokenizer.model_max_length == 77
        texts = ["", " ", "!"] + [string(choose) for _ in range(count - 3)]
        all_ids = tokenizer(texts, padding="max_length", truncation=True).input_ids
        with open(folder / "strings.jsonl", "w", encoding="utf-8", newline="\n") as file:
            for text, ids in zip(texts, all_ids):
                while ids and ids[-1] == tokenizer.pad_token_id:
                    ids.pop()
                file.write(json.dumps([text, ids], ensure_ascii=False, separators=(",", ":")) + "\n")
