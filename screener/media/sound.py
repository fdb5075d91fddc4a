"""Reads recordings as sites have them: WAV of any coding by itself, every other format through ffmpeg."""

import shutil
import struct
import subprocess
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from screener.errors import AudioError
from screener.media.g711 import Law

Channels = NDArray[np.float64]
"""Samples by channels, full scale = 1.0."""
_PCM, _FLOAT, _ALAW, _ULAW, _EXTENSIBLE = 1, 3, 6, 7, 0xFFFE
_CODINGS = {2: "MS ADPCM", 17: "IMA ADPCM", 49: "GSM 6.10", 85: "MP3", 0x0161: "WMA"}
_BEGINNINGS = {
    b"ID3": "MP3", b"\xff\xfb": "MP3", b"\xff\xf3": "MP3", b"OggS": "Ogg", b"fLaC": "FLAC", b"#!AMR": "AMR",
    b"\x1aE\xdf\xa3": "WebM", b".snd": "AU", b"FORM": "AIFF",
}  # fmt: skip
MP4_AT = 4
"""Where the mark of an MP4 file stands."""
FFMPEG_SECONDS = 300
BYTES_MOST = 1 << 31
"""Of a file, and of what ffmpeg makes of one."""
RATES, CHANNELS_MOST = range(1000, 768_001), 32
"""What no recording has makes gigabytes of a few bytes."""
_DAMAGED, _EMPTY, _CUT = "damaged", "empty", "cut short"
"""What a WAV file may be, that no coding explains."""
_UNSIZED = 0x7FFF_0000
"""From here on a size says nothing: a recorder that writes into a pipe, or was killed."""
_SLACK = 1024
"""Bytes that may lack: some recorders count their head in."""
_AGAIN = "copy it again from where it was recorded"


def read_sound(path: Path) -> tuple[Channels, int]:
    """The samples of a recording and how many a second.

    Raises:
        AudioError: it cannot be read; says what it is and what is needed.
    """
    try:
        if path.stat().st_size > BYTES_MOST:
            raise AudioError(f"{path}: larger than {BYTES_MOST >> 20} MB", "cut it into parts")
        data = path.read_bytes()
    except OSError as problem:
        raise AudioError(f"{path}: cannot be read ({problem.strerror})", "check the name") from problem
    if data[:4] in (b"RIFF", b"RF64") and data[8:12] == b"WAVE":
        found = _wav(data)
        if isinstance(found, str):
            if found.startswith(_CUT):  # whoever plays it would not know that the end lacks
                raise AudioError(
                    f"{path}: WAV, {found}",
                    "copy it again from where it was recorded; if no more is left, save it anew as WAV",
                )
            return _through_ffmpeg(path, f"WAV, {found}", hopeful=found not in (_DAMAGED, _EMPTY))
        return found
    return _through_ffmpeg(path, _format(data))


def _format(data: bytes) -> str:
    """What a file that is no WAV seems to be; empty where nothing tells."""
    if data[MP4_AT : MP4_AT + 4] == b"ftyp":
        return "MP4"
    return next((name for begins, name in _BEGINNINGS.items() if data.startswith(begins)), "")


def _wav(data: bytes) -> tuple[Channels, int] | str:
    """Samples and rate, or how they are coded where we cannot tell."""
    coding = channels = rate = bits = 0
    at, body = 12, b""
    while at + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, at)
        at += 8
        if name == b"fmt " and at + 16 <= len(data):
            coding, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", data, at)
            if coding == _EXTENSIBLE and at + 26 <= len(data):
                coding = struct.unpack_from("<H", data, at + 24)[0]
        elif name == b"data":  # a recorder that was killed leaves a size of 0 or of 4 GB
            body = data[at : at + size] if 0 < size <= len(data) - at else data[at:]
            if len(body) + _SLACK < size < _UNSIZED:
                return f"{_CUT}: {100 * len(body) // size} % of it is there"
            break
        at += size + size % 2
    if channels > CHANNELS_MOST or (rate and rate not in RATES):
        return _DAMAGED
    if not (channels and rate) or not body:
        return _DAMAGED if body or not channels else _EMPTY
    samples = _samples(body, coding, bits)
    if samples is None:
        return _CODINGS.get(coding, f"coding {coding}, {bits} bit")
    whole = samples.size // channels * channels
    return samples[:whole].reshape(-1, channels), rate


def _samples(body: bytes, coding: int, bits: int) -> NDArray[np.float64] | None:
    """Samples of all channels in turn; None for a coding that is not read here."""
    width = bits // 8
    body = body[: len(body) // max(1, width) * max(1, width)]
    if coding in (_ALAW, _ULAW):
        law = Law.PCMA if coding == _ALAW else Law.PCMU
        return np.frombuffer(law.decode(body), "<i2").astype(np.float64) / 32768
    if coding == _FLOAT and bits in (32, 64):
        floats = np.frombuffer(body, f"<f{width}").astype(np.float64)
        return np.clip(np.nan_to_num(floats), -1, 1)
    if coding != _PCM:
        return None
    match bits:
        case 8:
            return (np.frombuffer(body, np.uint8).astype(np.float64) - 128) / 128
        case 16 | 32:
            return np.frombuffer(body, f"<i{width}").astype(np.float64) / float(1 << (bits - 1))
        case 24:
            bytes_ = np.frombuffer(body, np.uint8).reshape(-1, 3)
            padded = np.zeros((bytes_.shape[0], 4), np.uint8)
            padded[:, 1:] = bytes_
            return padded.view("<i4").ravel().astype(np.float64) / float(1 << 31)
        case _:
            return None


def _through_ffmpeg(path: Path, what: str, hopeful: bool = True) -> tuple[Channels, int]:
    """What ffmpeg makes of it; nobody is sent to install it for what is hardly a recording."""
    program = shutil.which("ffmpeg")
    again = "record it again" if what.endswith(_EMPTY) else _AGAIN
    if program is None and not what:
        raise AudioError(
            f"{path}: nothing that is known here; only WAV can be read without ffmpeg",
            "is it a recording at all? if so: apt-get install ffmpeg, or convert it to WAV",
        )
    if program is None and not hopeful:
        raise AudioError(f"{path}: {what}: not a recording that can be read", again)
    if program is None:
        raise AudioError(f"{path}: {what}, which needs ffmpeg", "apt-get install ffmpeg, or convert it to WAV")
    command = [program, "-v", "error", "-nostdin", "-protocol_whitelist", "file", "-i", f"file:{path.absolute()}"]
    command += ["-map", "0:a:0", "-f", "wav", "-c:a", "pcm_s16le", "-fs", str(BYTES_MOST), "-"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=FFMPEG_SECONDS, check=False)  # noqa: S603
    except subprocess.TimeoutExpired as problem:
        raise AudioError(f"{path}: ffmpeg does not come to an end", "convert it to WAV") from problem
    if len(done.stdout) >= BYTES_MOST * 0.99:
        raise AudioError(f"{path}: unpacks to more than {BYTES_MOST >> 20} MB", "cut it into parts")
    found = _wav(done.stdout) if done.returncode == 0 else "?"
    if isinstance(found, str) and not what:
        raise AudioError(
            f"{path}: not a recording that can be read", "is it a recording at all? if so, copy it again"
        )
    if isinstance(found, str):
        raise AudioError(f"{path}: {what}: not a recording that can be read", again)
    return found
