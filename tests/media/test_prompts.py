import audioop
import wave
from pathlib import Path

import pytest

from screener.core.actions import Prompt
from screener.errors import AudioError
from screener.media.prompts import Clip, find, load_clips, read_wav
from screener.resources import audio_folder


def write(path: Path, frames: bytes, rate: int = 8000, channels: int = 1, width: int = 2) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(frames)
    return path


def test_every_prompt_is_shipped_and_packed() -> None:
    clips = load_clips()
    assert clips.keys() == set(Prompt)
    for prompt, clip in clips.items():
        assert clip.name == prompt
        assert len(clip.pcm) % 320 == 0
        assert len(clip.ulaw) == len(clip.alaw) == len(clip.pcm) // 2
        assert clip.seconds == len(clip.pcm) / 16000


def test_nothing_but_prompts_lies_in_audio() -> None:
    assert {p.name for p in audio_folder().iterdir()} == {f"{prompt}.wav" for prompt in Prompt}


def test_the_companded_forms_are_the_same_sound() -> None:
    clip = load_clips()[Prompt.LINE_FAULT]
    for decoded in (audioop.ulaw2lin(clip.ulaw, 2), audioop.alaw2lin(clip.alaw, 2)):
        error = audioop.add(decoded, audioop.mul(clip.pcm, 2, -1), 2)
        assert audioop.rms(error, 2) * 30 < audioop.rms(clip.pcm, 2), "G.711 is better than 30 dB"


def test_a_clip_is_padded_with_silence_to_whole_frames() -> None:
    clip = Clip.of("x", b"\x01\x00" * 161)
    assert clip.pcm == b"\x01\x00" * 161 + bytes(2 * 159)
    assert clip.seconds == 0.04


def test_a_site_folder_goes_first_and_the_shipped_ones_fill_in(tmp_path: Path) -> None:
    write(tmp_path / "greeting.wav", b"\x10\x00" * 1600)
    clips = load_clips(tmp_path)
    assert clips[Prompt.GREETING].seconds == 0.2
    assert clips[Prompt.STEER] == load_clips()[Prompt.STEER]
    assert find(Prompt.STEER, tmp_path).parent == audio_folder()


@pytest.mark.parametrize(
    ("rate", "channels", "width", "what"),
    [
        (16000, 1, 2, "16000 Hz, not WAV, PCM, 16 bit, mono, 8000 Hz"),
        (8000, 2, 2, "2 channel"),
        (8000, 1, 1, "8 bit"),
    ],
)
def test_another_format_is_named(tmp_path: Path, rate: int, channels: int, width: int, what: str) -> None:
    path = write(tmp_path / "greeting.wav", bytes(3200), rate, channels, width)
    with pytest.raises(AudioError, match="screener prompts import") as error:
        load_clips(tmp_path)
    assert what in error.value.message
    assert str(path) in error.value.message


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", r"not a WAV.* \(cut short\)"),
        (b"ID3 no wave at all", r"not a WAV.* \(damaged, or coded otherwise\)"),
        (b"RIFF\x00\x00", r"not a WAV.* \(cut short\)"),
    ],
)
def test_a_file_that_is_no_wav_is_named(tmp_path: Path, content: bytes, what: str) -> None:
    (tmp_path / "steer.wav").write_bytes(content)
    with pytest.raises(AudioError, match=what):
        load_clips(tmp_path)


def test_a_truncated_an_empty_an_endless_and_an_absent_recording(tmp_path: Path) -> None:
    whole = write(tmp_path / "a.wav", bytes(16000)).read_bytes()
    (tmp_path / "cut.wav").write_bytes(whole[:-9000])
    with pytest.raises(AudioError, match="cut short"):
        read_wav(tmp_path / "cut.wav")
    with pytest.raises(AudioError, match=r"0\.0 s long"):
        read_wav(write(tmp_path / "empty.wav", b""))
    with pytest.raises(AudioError, match=r"61\.0 s long"):
        read_wav(write(tmp_path / "endless.wav", bytes(61 * 16000)))
    with pytest.raises(AudioError, match="No such file"):
        read_wav(tmp_path / "absent.wav")
    with pytest.raises(AudioError, match="no such folder"):
        load_clips(tmp_path / "absent")
