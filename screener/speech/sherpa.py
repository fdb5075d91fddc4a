"""sherpa-onnx: streaming transducers; the only module that knows the library. Needs the extra `sherpa`."""

import json
import tempfile
from collections.abc import Callable, Container, Mapping, Sequence
from math import exp
from pathlib import Path
from statistics import fmean
from typing import Any

from screener.errors import ModelError
from screener.events import SAMPLE_RATE, Speaker
from screener.speech.models import check_folder, describe, transducer_in
from screener.speech.pinyin import INITIALS, initials_and_finals, syllables
from screener.speech.recognizer import ModelInfo
from screener.speech.stream import Hypothesis, StreamRecognizer
from screener.speech.upsample import Upsampler

TRAILING_SILENCE_SECONDS = 0.8
"""After so much silence an utterance with words is over."""
LONGEST_UTTERANCE_SECONDS = 20.0
PREFERRING = {"decoding_method": "modified_beam_search", "hotwords_score": 1.5, "modeling_unit": "cjkchar"}
"""With hot words: a search that keeps several paths, a tenth dearer; what each token of such a word gains (the
library's default); and that a line of their file is taken apart character by character."""
FIRST_NAME = 0x4E00
"""A model of pinyin has tokens of several letters, which the library would take apart in the file of hot words: it
is given a table in which token n is the n-th character from here on, and what it prints is read back by that."""
MODEL_RATE = 2 * SAMPLE_RATE
"""The library would resample too, and say so on standard error for every stream."""
CONFIDENCE_POWER = 1.4
"""A word is sure when all its tokens are: the mean probability of a token to this power stands beside Vosk's word
confidences. With the 3.3 M wenetspeech model, on 13 human clips at 8 kHz finals have means of 0.59 to 0.84."""

LONG_SYLLABLES, LONG_SHARE, SHORT_SHARE = 6, 0.5, 0.75
"""Of the least confidence: what is asked of a long utterance, and of a short one that is over. Who is hard to
understand says whole sentences (of 30 read ones on a telephone 5 were below 0.45), and what is said in a word
(没买, 报销) is seldom above it: of 41 utterances of up to five syllables 11 were empty at 0.45, and 2 are at three
quarters of it; a third of their syllables was wrong, now a fifth; 20 dB above a crowd three quarters, now half."""
SAME_SYLLABLES, SAME_SHARE = 3, 1.33
"""And of one syllable said over and over: laughter is printed so (谢谢谢谢, 0.36 to 0.58). A syllable alone, or
twice, is made up on it with up to 0.38; what else is made up on laughter and coughs has 0.16 to 0.29."""


class SherpaModel:
    """A streaming transducer in a folder: tokens.txt, encoder, decoder and joiner. Thread-safe.

    Args:
        folder: where it lies.
        min_confidence: an utterance whose confidence is below its share of it is empty: half of it for a
            long one, three quarters for a short one that is over, more than all for one syllable over and over.
        hotwords: names, slang, the firm: paths that hold one of them are preferred, and nothing else is.

    Raises:
        ModelError: the library is not installed, or a file is missing, damaged or of another set; says which.
    """

    def __init__(self, folder: Path, min_confidence: float = 0.0, hotwords: Sequence[str] = ()) -> None:
        try:
            import sherpa_onnx
        except ImportError as error:
            raise ModelError("sherpa-onnx is not installed", "pip install 'screener[sherpa]'") from error
        check_folder(folder)
        chosen = transducer_in(folder)
        files = {part: str(path) for part, path in chosen.files.items()}
        tokens = _tokens(folder)
        characters = any("\u4e00" <= token[0] <= "\u9fff" for token in tokens)
        self._names = _renamed(tokens) if hotwords and not characters else {}
        self._firm = not hotwords
        """Greedy: what was printed once is never taken back before the utterance is over."""
        with tempfile.TemporaryDirectory() as scratch:
            preferring = _preferring(hotwords, tokens, self._names, Path(scratch))
            try:
                self._recognizer = sherpa_onnx.OnlineRecognizer.from_transducer(
                    **{**files, **preferring},
                    num_threads=1,
                    enable_endpoint_detection=True,
                    rule2_min_trailing_silence=TRAILING_SILENCE_SECONDS,
                    rule3_min_utterance_length=LONGEST_UTTERANCE_SECONDS,
                )
            except Exception as error:
                raise ModelError(f"sherpa-onnx cannot load the model in {folder}: {error}") from error
        card = describe(folder)
        self._min_confidence = min_confidence
        self._info = ModelInfo("sherpa", chosen.named(card.name), card.synthetic_only, gives_pinyin=not characters)

    @property
    def info(self) -> ModelInfo:
        """What is loaded."""
        return self._info

    def open(self, speaker: Speaker) -> StreamRecognizer:
        """A new stream."""
        decoder = self.decoder()
        return StreamRecognizer(speaker, decoder, decoder.end)

    def decoder(self) -> "SherpaDecoder":
        """A fresh stream's."""
        return SherpaDecoder(self._recognizer, self._min_confidence, self._names, self._firm)


def whole_reader(factory: str, **files: str) -> Callable[[Any], str]:
    """What reads whole utterances, samples at 16 kHz, with one of the library's offline models.

    Args:
        factory: of `OfflineRecognizer`.
        files: and what else it takes.

    Raises:
        ModelError: the library is not installed.
    """
    try:
        import sherpa_onnx
    except ImportError as error:
        raise ModelError("sherpa-onnx is not installed", "pip install 'screener[sherpa]'") from error
    recognizer = getattr(sherpa_onnx.OfflineRecognizer, factory)(**files, num_threads=1)

    def read(samples: Any) -> str:  # noqa: ANN401 - the library has no types
        stream = recognizer.create_stream()
        stream.accept_waveform(MODEL_RATE, samples)
        recognizer.decode_stream(stream)
        return str(stream.result.text)

    return read


class SherpaDecoder:
    """One stream's, of a `SherpaModel`."""

    def __init__(
        self,
        recognizer: Any,  # noqa: ANN401 - the library has no types
        min_confidence: float,
        names: Mapping[int, str],
        firm: bool,
    ) -> None:
        self._recognizer, self._names, self._firm = recognizer, names, firm
        self._stream = recognizer.create_stream()
        self._upsampler = Upsampler()
        self._min_confidence = min_confidence
        self._last = Hypothesis("")

    def feed(self, pcm: bytes) -> Hypothesis:
        """Decode the next chunk; see `Decoder`."""
        try:
            if self._decode(pcm):
                if self._recognizer.is_endpoint(self._stream):
                    return self.end()
                self._last = self._heard(final=False)
            elif self._last.final:
                self._last = Hypothesis("")
        except RuntimeError as error:
            raise ModelError(f"sherpa-onnx failed on a stream: {error}") from error
        return self._last

    def end(self) -> Hypothesis:
        """Close the utterance with what is decoded so far, and nothing more; the next chunk begins another one."""
        self._last = self._heard(final=True)
        self._recognizer.reset(self._stream)
        return self._last

    def flush(self) -> Hypothesis:
        """Close the last utterance; see `Decoder`."""
        self._decode(bytes(SAMPLE_RATE))  # half a second of silence pushes the last tokens out of the encoder
        self._stream.input_finished()
        self._decode(b"")
        return self._heard(final=True)

    def _decode(self, pcm: bytes) -> bool:
        """Whether it was enough for the model, which takes a third of a second at once."""
        decoded = False
        if pcm:
            self._stream.accept_waveform(MODEL_RATE, self._upsampler.accept(pcm))
        while self._recognizer.is_ready(self._stream):
            self._recognizer.decode_stream(self._stream)
            decoded = True
        return decoded

    def _heard(self, final: bool) -> Hypothesis:
        result = self._recognizer.get_result_all(self._stream)
        text, tokens = result.text, result.tokens
        if self._names:
            text, tokens = text.translate(self._names), [token.translate(self._names) for token in tokens]
        return read_result(text, tokens, result.ys_probs, final, self._min_confidence, firm=self._firm)


def _tokens(folder: Path) -> dict[str, int]:
    """What a model prints, by number."""
    rows = (line.split() for line in (folder / "tokens.txt").read_text("utf-8").splitlines())
    return {row[0]: int(row[1]) for row in rows if len(row) == 2 and row[1].isdigit()}


def _renamed(tokens: Mapping[str, int]) -> dict[int, str]:
    """The character, by code, that stands for each token; the library knows `<blk>` and its like by name."""
    return {FIRST_NAME + number: token for token, number in tokens.items() if not token.startswith("<")}


def _preferring(
    hotwords: Sequence[str], tokens: Mapping[str, int], names: Mapping[int, str], scratch: Path
) -> dict[str, object]:
    """What the library is told: a file of hot words, one a line, and for a model of pinyin another table."""
    if not hotwords:
        return {}
    named = {token: chr(code) for code, token in names.items()}
    spelled = (" ".join(named.get(token, token) for token in spell(word, tokens)) for word in hotwords)
    file, table = scratch / "hotwords.txt", scratch / "tokens.txt"
    file.write_text("".join(f"{line}\n" for line in spelled), "utf-8")
    told: dict[str, object] = {"hotwords_file": str(file), **PREFERRING}
    if named:
        table.write_text("".join(f"{named.get(token, token)} {n}\n" for token, n in tokens.items()), "utf-8")
        told["tokens"] = str(table)
    return told


def spell(word: str, tokens: Container[str]) -> Sequence[str]:
    """A word in the tokens of a model: its characters, or their initials and finals.

    Raises:
        ModelError: the model has no tokens for it.
    """
    for parts in (tuple(word), initials_and_finals(word)):
        if parts and all(part in tokens for part in parts):
            return parts
    raise ModelError(
        f"the model cannot prefer {word!r}: it has no tokens for all of it",
        "write it in Chinese characters, or take it out of speech.hotwords",
    )


def parse_result(result: str, final: bool, min_confidence: float) -> Hypothesis:
    """A result as the library prints it: `{"text": "nǐhǎo", "tokens": ["n", "ǐ", …], "ys_probs": [-0.2, …]}`.

    Args:
        result: JSON.
        final: whether the utterance is over.
        min_confidence: see `read_result`.
    """
    fields = json.loads(result)
    return read_result(fields["text"], fields["tokens"], fields["ys_probs"], final, min_confidence)


def read_result(
    text: str,
    tokens: list[str],
    log_probabilities: Sequence[float],
    final: bool,
    min_confidence: float,
    *,
    firm: bool = False,
) -> Hypothesis:
    """What the library makes of an utterance, in our words.

    Args:
        text: all of it.
        tokens: what it is made of; the caller keeps no hold on the list.
        log_probabilities: of each token; none where the search tells none.
        final: whether the utterance is over.
        min_confidence: a result whose confidence is below it becomes empty, partial or final; see `SherpaModel`.
        firm: see `Hypothesis`.
    """
    text, half = text.replace(" ", ""), ""
    if tokens and not final and tokens[-1].strip() in INITIALS:
        half = tokens.pop().strip()
        text = text.removesuffix(half)
    confidence = None
    said = syllables(" ".join(tokens)) if tokens else ()
    if tokens and log_probabilities:
        confidence = min(1.0, fmean(map(exp, log_probabilities))) ** CONFIDENCE_POWER
        if confidence < min_confidence * _asked(said, final):
            tokens = []
    if not tokens:
        return Hypothesis("", final=final, firm=firm, half=half)
    return Hypothesis(text, said, final, confidence if final else None, firm=firm, half=half)


def _asked(said: Sequence[str], final: bool) -> float:
    """What share of the least confidence an utterance of these syllables needs."""
    if len(set(said)) == 1:
        return SAME_SHARE if len(said) >= SAME_SYLLABLES else 1.0
    if len(said) >= LONG_SYLLABLES:
        return LONG_SHARE
    return SHORT_SHARE if final else 1.0
