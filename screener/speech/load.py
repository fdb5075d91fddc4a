"""The settings' `[speech]` section to a loaded model."""

from pathlib import Path
from typing import TYPE_CHECKING

from screener.errors import ModelError
from screener.settings.sections import Speech
from screener.speech.models import find_model
from screener.speech.none import NoModel
from screener.speech.recognizer import SpeechModel

if TYPE_CHECKING:
    from screener.speech.sherpa import SherpaModel
    from screener.speech.vosk import VoskModel


def load_model(speech: Speech, folder: Path) -> SpeechModel:
    """Load what the settings name.

    Args:
        speech: the section.
        folder: where the settings file lies; a model folder is relative to it.

    Raises:
        ModelError: the model is missing, damaged or made for another engine.
    """
    # Each engine's library is loaded only when it is asked for.
    if speech.engine == "none":
        return NoModel()
    if not speech.servers:
        return _local(speech, folder)
    from screener.speech.remote import RemoteModel

    local = _local(speech, folder) if speech.fallback == "local" else None
    return RemoteModel(speech.engine, speech.servers, local, speech.min_confidence)


def _local(speech: Speech, folder: Path) -> "VoskModel | SherpaModel":
    """The model of this machine."""
    where = find_model(speech.model, folder)
    if (shape := where.shape) and shape.engine is None:
        raise ModelError(
            f"the model in {where.folder} ({shape}) reads whole utterances; it cannot hear a call as it goes on",
            "name it in speech.second, and in speech.model one that can",
        )
    if shape and shape.engine != speech.engine:
        raise ModelError(
            f"the model in {where.folder} is made for {shape.engine}, not for {speech.engine}",
            f'set speech.engine = "{shape.engine}" or name another model',
        )
    if speech.engine == "sherpa":
        from screener.speech.sherpa import SherpaModel

        return SherpaModel(where.folder, speech.min_confidence, speech.hotwords)
    from screener.speech.vosk import VoskModel

    return VoskModel(where.folder, speech.min_confidence)
