import shutil
import wave
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from screener.cli.prompts import prompts
from screener.core.actions import Prompt
from screener.errors import AudioError, InputError
from screener.media.prompts import find, load_clips

pytestmark = pytest.mark.usefixtures("english")


def run(*arguments: object) -> Result:
    return CliRunner().invoke(prompts, [str(a) for a in arguments], catch_exceptions=False)


def site(tmp_path: Path) -> Path:
    (tmp_path / "own").mkdir()
    file = tmp_path / "screener.toml"
    file.write_text('[prompts]\nfolder = "own"\n')
    return file


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")
def test_build_then_check_a_site_of_ones_own_wordings(tmp_path: Path) -> None:
    config = site(tmp_path)
    built = run("build", "--config", config)
    assert built.exit_code == 0
    assert len(built.output.splitlines()) == len(Prompt)
    checked = run("check", "--config", config)
    assert checked.exit_code == 0
    assert checked.output.count("✔") == len(Prompt)
    assert str(tmp_path / "own" / "greeting.wav") in checked.output


def test_check_of_the_shipped_ones_and_of_a_bad_one(tmp_path: Path) -> None:
    assert run("check", "--folder", tmp_path).exit_code == 0, "the shipped ones fill in"
    with wave.open(str(tmp_path / "steer.wav"), "wb") as file:
        file.setparams((2, 2, 44100, 0, "NONE", ""))
        file.writeframes(bytes(40000))
    wrong = run("check", "--folder", tmp_path)
    assert wrong.exit_code == 1
    assert "2 channel(s), 16 bit, 44100 Hz" in wrong.output
    with pytest.raises(InputError, match="no such folder"):
        run("check", "--folder", tmp_path / "absent")


def test_import_into_the_sites_folder(tmp_path: Path) -> None:
    config, source = site(tmp_path), find(Prompt.STEER)
    assert run("import", source, "--as", "greeting", "--config", config).exit_code == 0
    clips = load_clips(tmp_path / "own")
    assert clips[Prompt.GREETING].seconds == pytest.approx(clips[Prompt.STEER].seconds, abs=0.1)
    assert run("import", source, find(Prompt.NOTICE), "--folder", tmp_path / "two").exit_code == 0
    assert sorted(p.name for p in (tmp_path / "two").iterdir()) == ["notice.wav", "steer.wav"]


def test_what_import_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SCREENER_CONFIG", raising=False)
    (tmp_path / "hello.wav").write_bytes(find(Prompt.STEER).read_bytes())
    with pytest.raises(InputError, match="hello is no prompt"):
        run("import", "hello.wav")
    with pytest.raises(InputError, match="2 files for one prompt"):
        run("import", "hello.wav", "hello.wav", "--as", "steer")
    with pytest.raises(InputError, match="--folder"):
        run("import", "hello.wav", "--as", "steer")
    (tmp_path / "bad.wav").write_bytes(b"RIFF")
    with pytest.raises(AudioError, match=r"bad\.wav"):
        run("import", "bad.wav", "--as", "steer", "--folder", tmp_path / "own")
    assert not (tmp_path / "own").exists()
