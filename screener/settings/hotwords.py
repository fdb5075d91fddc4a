"""`[speech] hotwords`: what hears calls on this machine prefers them where it is sherpa-onnx, and nothing else."""

from collections.abc import Iterator

from screener.settings.sections import Speech


def check_hotwords(speech: Speech) -> Iterator[tuple[str, str]]:
    """Where nothing would ever prefer them."""
    if not speech.hotwords:
        return
    if speech.engine != "sherpa":
        engine = f'engine = "{speech.engine}"'
        yield "[speech] hotwords", f'found with {engine}, allowed with "sherpa", which alone prefers them'
    elif speech.servers and speech.fallback == "none":
        yield "[speech] hotwords", "found where servers alone hear, allowed where a model of this machine does"


def unheeded(speech: Speech) -> str:
    """Who does not prefer them where somebody else does, in words; empty for nobody."""
    if not speech.hotwords:
        return ""
    if speech.servers and speech.second:
        return "recogniser servers and the second reading"
    return "recogniser servers" if speech.servers else "the second reading" if speech.second else ""
