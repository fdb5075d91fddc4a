import shutil
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest

from screener.core.actions import Prompt
from screener.errors import AudioError
from screener.media import recordings
from screener.media.prompts import read_wav
from screener.media.recordings import SPOKEN, build, check, convert, load_texts, resample, signal_tone
from screener.resources import audio_folder

needs_espeak = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")
needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")


def tone(
    path: Path, seconds: float = 1.0, rate: int = 44100, channels: int = 2, width: int = 2, gain: float = 0.05
) -> Path:
    t = np.arange(int(rate * seconds)) / rate
    samples = np.repeat(gain * np.sin(2 * np.pi * 500 * t), channels)
    data = {
        1: lambda: (samples * 127 + 128).astype("u1").tobytes(),
        2: lambda: (samples * 32767).astype("<i2").tobytes(),
        4: lambda: (samples * 2147483647).astype("<i4").tobytes(),
    }[width]()
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(data)
    return path


@pytest.mark.parametrize("prompt", Prompt)
def test_the_shipped_recordings_are_in_the_one_format_at_the_one_level(prompt: Prompt) -> None:
    found = check(audio_folder() / f"{prompt}.wav")
    assert found.problems == ()
    assert 1.0 <= found.seconds <= 8.0


def test_the_wordings_of_the_procedure_are_exact() -> None:
    lines = load_texts().lines
    assert lines[Prompt.LINE_FAULT] == "您好，您好，听得到吗？对不起线路故障，请您稍后再拨。"
    assert lines[Prompt.ANALYSIS_ENTER] == "您已进入来电自动分析系统，请稍候。"
    assert lines[Prompt.ANALYSIS_DONE] == "分析完成，请挂断。"


@needs_espeak
def test_building_gives_the_same_bytes_every_time(tmp_path: Path) -> None:
    one, two = build(tmp_path / "one", load_texts()), build(tmp_path / "two", load_texts())
    assert {p.stem for p in one} == set(Prompt)
    assert [p.read_bytes() for p in one] == [p.read_bytes() for p in two]
    assert not [problem for path in one for problem in check(path).problems]
    assert not list(tmp_path.rglob("*.part"))


@needs_espeak
def test_both_languages_can_be_built(tmp_path: Path) -> None:
    english = build(tmp_path, load_texts("en"))
    assert not [problem for path in english for problem in check(path).problems]
    with pytest.raises(AudioError, match="'fr'"):
        load_texts("fr")


def test_the_signal_tone_loops_and_is_no_network_tone_and_no_dtmf() -> None:
    samples = signal_tone()
    assert samples.size == 2 * 8000
    assert abs(samples[0]) < 0.01, "starts from silence"
    assert abs(samples[-1]) < 0.01, "ends in silence"
    for start in range(0, samples.size - 800, 800):
        spectrum = np.abs(np.fft.rfft(samples[start : start + 800] * np.hanning(800)))
        strong = np.flatnonzero(spectrum > 0.5 * spectrum.max()) * 10
        assert strong.max() - strong.min() <= 40, "one note at a time"
        assert abs(strong.mean() - 450) > 50, "not China's network tone"


@pytest.mark.parametrize(
    ("rate", "channels", "width"), [(44100, 2, 2), (8000, 1, 2), (16000, 1, 4), (11025, 1, 1)]
)
def test_any_wav_becomes_the_one_format(tmp_path: Path, rate: int, channels: int, width: int) -> None:
    source = tone(tmp_path / "mine.wav", rate=rate, channels=channels, width=width)
    made = convert(source, tmp_path / "site", Prompt.GREETING)
    assert made == tmp_path / "site" / "greeting.wav"
    found = check(made)
    assert found.problems == ()
    assert found.dbfs == pytest.approx(recordings.LEVEL_DBFS, abs=0.5)
    samples = np.frombuffer(read_wav(made), "<i2")[2000:6000]
    assert np.abs(np.fft.rfft(samples)).argmax() * 2 == 500, "the same pitch"


def test_wav_is_imported_without_ffmpeg_and_other_formats_say_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert check(convert(tone(tmp_path / "mine.wav"), tmp_path, Prompt.STEER)).problems == ()
    (tmp_path / "mine.mp3").write_bytes(b"ID3\x04")
    with pytest.raises(AudioError, match="apt-get install ffmpeg"):
        convert(tmp_path / "mine.mp3", tmp_path, Prompt.STEER)
    with pytest.raises(AudioError, match="apt-get install espeak-ng"):
        build(tmp_path, load_texts())


@needs_ffmpeg
@pytest.mark.parametrize("ending", ["mp3", "ogg", "flac", "m4a"])
def test_other_formats_are_imported(tmp_path: Path, ending: str) -> None:
    source = tone(tmp_path / "mine.wav")
    packed = tmp_path / f"mine.{ending}"
    subprocess.run(["ffmpeg", "-v", "error", "-i", str(source), str(packed)], check=True)
    found = check(convert(packed, tmp_path / "site", Prompt.NOTICE))
    assert found.problems == ()
    assert found.seconds == pytest.approx(1.0 + 2 * 0.12, abs=0.15)


@pytest.mark.parametrize("name", ["mine.wav", pytest.param("mine.mp3", marks=needs_ffmpeg)])
@pytest.mark.parametrize("content", [b"", b"RIFF", b"RIFF\x24\x00\x00\x00WAVEfmt ", b"not audio at all " * 50])
def test_a_bad_file_gets_a_clear_error_and_leaves_nothing(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(AudioError) as error:
        convert(tmp_path / name, tmp_path / "site", Prompt.NOTICE)
    assert str(tmp_path / name) in error.value.message
    assert error.value.remedy
    assert not (tmp_path / "site").exists()


def test_silence_a_click_and_a_lecture_are_refused(tmp_path: Path) -> None:
    for seconds, gain, what in ((1.0, 0.0, "silence"), (0.01, 0.5, "0.2 to 60 s"), (70, 0.5, "0.2 to 60 s")):
        with pytest.raises(AudioError, match=what):
            convert(tone(tmp_path / "mine.wav", seconds, 8000, 1, gain=gain), tmp_path, Prompt.SIGNAL_TONE)
    with pytest.raises(AudioError, match="no such file"):
        convert(tmp_path / "absent.wav", tmp_path, Prompt.STEER)


def test_check_says_what_is_wrong(tmp_path: Path) -> None:
    quiet = check(tone(tmp_path / "quiet.wav", 1, 8000, 1, gain=0.01))
    assert "level -43" in quiet.problems[0]
    loud = check(tone(tmp_path / "loud.wav", 1, 8000, 1, gain=1.0))
    assert any("level" in p for p in loud.problems)
    square = np.where(np.arange(8000) % 16 < 8, 32767, -32768).astype("<i2")
    with wave.open(str(tmp_path / "square.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(square.tobytes())
    assert any("clipped: 8000 samples" in p for p in check(tmp_path / "square.wav").problems)
    assert "44100 Hz" in check(tone(tmp_path / "cd.wav")).problems[0]
    assert check(tmp_path / "absent.wav").problems


def test_resampling_keeps_what_a_telephone_carries_and_nothing_folds_back() -> None:
    rate, t = 44100, np.arange(44100) / 44100
    kept = resample(np.sin(2 * np.pi * 3000 * t), rate)
    assert kept.size == 8000
    assert np.sqrt((kept[800:-800] ** 2).mean()) == pytest.approx(np.sqrt(0.5), rel=0.01)
    folded = resample(np.sin(2 * np.pi * 6000 * t), rate)
    assert np.sqrt((folded[800:-800] ** 2).mean()) < 0.001
    assert np.abs(resample(np.sin(2 * np.pi * 100 * t[:1600]), 16000)).max() <= 1.05


def test_every_spoken_prompt_has_words() -> None:
    assert set(SPOKEN) == set(Prompt) - {Prompt.SIGNAL_TONE}


def test_nobody_is_told_that_ffmpeg_is_absent_before_it_is_needed() -> None:
    """pydub warns when it is imported; the demo needs no ffmpeg."""
    command = [sys.executable, "-W", "always", "-c", "import screener.media.recordings"]
    done = subprocess.run(command, env={"PATH": ""}, capture_output=True, text=True)
    assert done.returncode == 0
    assert "ffmpeg" not in done.stderr
