"""A recording is the same sound in whatever format and rate a site keeps it."""

import shutil
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest

from screener.core.actions import Prompt
from screener.errors import AudioError
from screener.events import SAMPLE_RATE
from screener.media import sound
from screener.media.g711 import Law
from screener.media.recordings import convert, read_channels

SECONDS = 1.5
TONE = 440.0


def tone(rate: int) -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * TONE * np.arange(int(SECONDS * rate)) / rate)


def wav(
    path: Path, body: bytes, coding: int, bits: int, rate: int, channels: int = 1, extensible: bool = False
) -> Path:
    block = channels * bits // 8
    extra = struct.pack("<HHIH14s", 22, bits, 0, coding, b"") if extensible else b""
    form = (
        struct.pack("<HHIIHH", 0xFFFE if extensible else coding, channels, rate, rate * block, block, bits) + extra
    )
    chunks = b"fmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(body)) + body
    path.write_bytes(b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks)
    return path


def check(path: Path, channels: int = 1) -> None:
    """As long as it was, at its own pitch and level: no faster, no noise."""
    found = read_channels(path)
    assert len(found) == channels
    for pcm in found:
        samples = np.frombuffer(pcm, "<i2") / 32768
        assert samples.size == pytest.approx(SECONDS * SAMPLE_RATE, rel=0.02)
        middle = samples[2000:10000]
        spectrum = np.abs(np.fft.rfft(middle * np.hanning(middle.size)))
        assert np.argmax(spectrum) * SAMPLE_RATE / middle.size == pytest.approx(TONE, abs=2)
        assert np.sqrt((middle**2).mean()) == pytest.approx(0.5 / np.sqrt(2), rel=0.05)


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 22050, 44100, 48000])
@pytest.mark.parametrize(("coding", "bits"), [(1, 8), (1, 16), (1, 24), (1, 32), (3, 32), (3, 64)])
@pytest.mark.parametrize("extensible", [False, True])
def test_every_rate_and_width_is_the_same_sound(
    tmp_path: Path, rate: int, coding: int, bits: int, extensible: bool
) -> None:
    samples = tone(rate)
    whole = np.rint(samples * (2.0 ** (bits - 1) - 1)).astype(np.int64) if coding == 1 else samples
    if coding == 3:
        body = samples.astype(f"<f{bits // 8}").tobytes()
    elif bits == 8:
        body = (whole + 128).astype(np.uint8).tobytes()
    elif bits == 24:
        body = b"".join(int(value).to_bytes(3, "little", signed=True) for value in whole)
    else:
        body = whole.astype(f"<i{bits // 8}").tobytes()
    check(wav(tmp_path / "x.wav", body, coding, bits, rate, extensible=extensible))


@pytest.mark.parametrize(("law", "coding"), [(Law.PCMA, 6), (Law.PCMU, 7)])
def test_the_laws_of_telephony(tmp_path: Path, law: Law, coding: int) -> None:
    pcm = np.rint(tone(8000) * 32767).astype("<i2").tobytes()
    check(wav(tmp_path / "x.wav", law.encode(pcm), coding, 8, 8000))


def test_two_channels_stay_apart(tmp_path: Path) -> None:
    both = np.stack([tone(16000), tone(16000)], axis=1).ravel()
    check(wav(tmp_path / "x.wav", np.rint(both * 32767).astype("<i2").tobytes(), 1, 16, 16000, channels=2), 2)


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
def test_other_formats_come_through_ffmpeg(tmp_path: Path) -> None:
    source = wav(tmp_path / "x.wav", np.rint(tone(16000) * 32767).astype("<i2").tobytes(), 1, 16, 16000)
    made = tmp_path / "x.mp3"
    done = subprocess.run(["ffmpeg", "-v", "error", "-i", source, made], check=False, capture_output=True)
    if done.returncode:
        pytest.skip("this ffmpeg writes no MP3")
    pcm = read_channels(made)[0]
    assert len(pcm) / 2 == pytest.approx(SECONDS * SAMPLE_RATE, rel=0.1)


def test_without_ffmpeg_a_format_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    for data, name in ((b"ID3\x03rest", "MP3"), (b"OggSrest", "Ogg"), (b"\0\0\0 ftypM4A ", "MP4")):
        (tmp_path / "x.bin").write_bytes(data)
        with pytest.raises(AudioError, match=f"{name}, which needs ffmpeg"):
            read_channels(tmp_path / "x.bin")
    gsm = wav(tmp_path / "gsm.wav", b"0" * 65, 49, 0, 8000)
    with pytest.raises(AudioError, match="GSM"):
        read_channels(gsm)


@pytest.mark.parametrize(
    "data", [b"", b"RIFF", b"RIFF0000WAVEfmt ", b"RIFF0000WAVEdata\xff\xff\xff\xff", b"x" * 50]
)
def test_what_is_no_recording_is_said(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x.wav").write_bytes(data)
    with pytest.raises(AudioError):
        read_channels(tmp_path / "x.wav")


def pcm(path: Path, channels: int = 1) -> Path:
    body = np.rint(np.repeat(tone(8000), channels) * 32767).astype("<i2").tobytes()
    return wav(path, body, 1, 16, 8000, channels=channels)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_recording_that_was_cut_is_not_taken_for_a_whole_one(tmp_path: Path, share: float) -> None:
    whole = pcm(tmp_path / "x.wav").read_bytes()
    (tmp_path / "x.wav").write_bytes(whole[: 44 + int(share * (len(whole) - 44))])
    with pytest.raises(AudioError, match=f"x.wav: WAV, cut short: {share:.0%}".replace("%", " % of it")) as wrong:
        read_channels(tmp_path / "x.wav")
    assert wrong.value.remedy.startswith("copy it again from where it was recorded")


@pytest.mark.parametrize("size", [0, 0x7FFF_F000, 0xFFFF_FFFF, int(SECONDS * 16000) + 44])
def test_a_size_that_says_nothing_is_no_cut(tmp_path: Path, size: int) -> None:
    """Of a recorder that was killed, or wrote into a pipe, or counts its head in."""
    data = bytearray(pcm(tmp_path / "x.wav").read_bytes())
    data[40:44] = struct.pack("<I", size)
    (tmp_path / "x.wav").write_bytes(data)
    check(tmp_path / "x.wav")


def test_of_more_channels_than_two_nobody_knows_who_is_heard(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="3 channels; allowed: the caller alone, or the caller left") as wrong:
        read_channels(pcm(tmp_path / "x.wav", 3))
    assert wrong.value.remedy == "save it as mono or stereo"


@pytest.mark.parametrize("ffmpeg", [True, False])
def test_what_is_no_recording_is_said_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ffmpeg: bool
) -> None:
    if not ffmpeg:
        monkeypatch.setenv("PATH", "")
    elif shutil.which("ffmpeg") is None:
        pytest.skip("ffmpeg is not installed")
    (tmp_path / "x.mp3").write_bytes(b"junk" * 99)
    with pytest.raises(AudioError) as junk:
        read_channels(tmp_path / "x.mp3")
    assert "?:" not in junk.value.message and junk.value.remedy.startswith("is it a recording at all?")
    (tmp_path / "x.wav").write_bytes(b"RIFF\x10\0\0\0WAVEjunk" + b"\xff" * 20)
    with pytest.raises(AudioError, match="WAV, damaged: not a recording") as damaged:
        read_channels(tmp_path / "x.wav")
    assert damaged.value.remedy == "copy it again from where it was recorded"


@pytest.mark.parametrize(("rate", "channels"), [(1, 1), (999, 1), (4_294_967_295, 1), (8000, 65_535)])
def test_a_few_bytes_never_become_gigabytes(tmp_path: Path, rate: int, channels: int) -> None:
    path = tmp_path / "a.wav"
    body, block = bytes(200_000), 2 * channels
    form = struct.pack("<HHIIHH", 1, channels, rate, (rate * block) & 0xFFFFFFFF, block & 0xFFFF, 16)
    chunks = b"fmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(body)) + body
    path.write_bytes(b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks)
    with pytest.raises(AudioError):
        read_channels(path)
    with pytest.raises(AudioError):
        convert(path, tmp_path, Prompt.GREETING)


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is absent")
def test_what_unpacks_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.flac"
    quiet = ["-f", "lavfi", "-i", "anullsrc=r=48000:cl=stereo", "-t", "120", str(path)]
    subprocess.run(["ffmpeg", "-v", "error", *quiet], check=True)
    assert path.stat().st_size < 300_000
    monkeypatch.setattr(sound, "BYTES_MOST", 1 << 20)
    with pytest.raises(AudioError, match="unpacks to more than 1 MB"):
        read_channels(path)


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is absent")
def test_a_playlist_is_no_recording(tmp_path: Path) -> None:
    other = wav(tmp_path / "secret.wav", (tone(8000) * 32767).astype("<i2").tobytes(), 1, 16, 8000)
    texts = (f"#EXTM3U\n#EXTINF:1,\n{other}\n", f"ffconcat version 1.0\nfile {other}\n")
    for name, text in zip(("a.mp3", "b.mp3"), texts, strict=True):
        (tmp_path / name).write_text(text)
        with pytest.raises(AudioError, match="not a recording that can be read"):
            read_channels(tmp_path / name)
