"""Installing, against a real HTTP server on loopback and zips made here."""

import hashlib
import http.server
import io
import json
import re
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from click.testing import CliRunner

from screener.cli.model import model
from screener.errors import ModelError
from screener.speech.install import PUBLISHED, Published, install
from screener.speech.models import DEFAULT_FILES, DEFAULT_MODEL, check_folder, describe, transducer_in
from screener.words.terms import Language
from screener.words.told import told


def zipped(folder: Path, root: str = "model/") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.name != "model.json":
                archive.write(path, root + path.relative_to(folder).as_posix())
    return out.getvalue()


@dataclass
class Site:
    """What the server has, and how it misbehaves."""

    content: bytes = b""
    breaks_after: list[int] = field(default_factory=list)
    ranges: bool = True
    asked: list[str] = field(default_factory=list)
    port: int = 0

    def publish(self, content: bytes, sha256: str = "", size: int = 0) -> dict[str, Published]:
        self.content = content
        digest = sha256 or hashlib.sha256(content).hexdigest()
        return {"made": Published(f"http://127.0.0.1:{self.port}/made.zip", digest, size or len(content))}


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers.get("Range", "")
            site.asked.append(wanted)
            begin = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and site.ranges else 0
            body = site.content[begin:]
            self.send_response(206 if begin else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: site.breaks_after.pop(0)] if site.breaks_after else body)
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield site
    server.shutdown()
    thread.join()
    server.server_close()


def left(models: Path) -> list[str]:
    return sorted(path.name for path in models.iterdir())


def test_a_published_model_is_fetched_checked_and_installed(site: Site, models: Path, vosk_folder: Path) -> None:
    seen: list[tuple[int, int]] = []
    known = site.publish(zipped(vosk_folder))
    folder = install("made", progress=lambda done, total: seen.append((done, total)), published=known)
    assert folder == models / "made"
    check_folder(folder)
    assert len(describe(folder).sha256) == 10
    assert seen[-1] == (len(site.content),) * 2
    assert left(models) == ["made"]


def test_a_broken_connection_is_taken_up_where_it_broke(site: Site, models: Path, vosk_folder: Path) -> None:
    known = site.publish(zipped(vosk_folder))
    site.breaks_after = [400, 300]
    install("made", published=known)
    assert site.asked == ["", "bytes=400-", "bytes=700-"]
    assert left(models) == ["made"]


def test_the_next_run_goes_on(site: Site, models: Path, vosk_folder: Path) -> None:
    known = site.publish(zipped(vosk_folder))
    site.breaks_after = [100, 100, 100]
    with pytest.raises(ModelError, match=r"after 300 of \d+ bytes — run it again to go on"):
        install("made", published=known)
    assert left(models) == [".made.zip.part"]
    install("made", published=known)
    assert site.asked[-1] == "bytes=300-"
    assert left(models) == ["made"]


def test_a_server_without_ranges_is_read_from_the_start(site: Site, models: Path, vosk_folder: Path) -> None:
    known = site.publish(zipped(vosk_folder))
    site.breaks_after, site.ranges = [400], False
    install("made", published=known)
    assert left(models) == ["made"]


def test_a_foreign_file_is_refused(site: Site, models: Path, vosk_folder: Path) -> None:
    known = site.publish(zipped(vosk_folder), sha256="0" * 64)
    with pytest.raises(ModelError, match="not the file that it should be"):
        install("made", published=known)
    assert left(models) == []


def test_a_file_that_is_too_large_is_refused(site: Site, models: Path, vosk_folder: Path) -> None:
    known = site.publish(zipped(vosk_folder), size=100)
    with pytest.raises(ModelError, match="larger than it should be"):
        install("made", published=known)
    assert left(models) == []


def test_no_server_says_what_to_do(models: Path) -> None:
    known = {"made": Published("http://127.0.0.1:9/made.zip", "0" * 64, 10)}
    with pytest.raises(ModelError, match=r"cannot fetch .* --from"):
        install("made", published=known)
    assert left(models) == []


@pytest.mark.parametrize("root", ["", "vosk-model-made/"])
def test_a_zip_that_is_here_is_installed(models: Path, vosk_folder: Path, tmp_path: Path, root: str) -> None:
    archive = tmp_path / "mine.zip"
    archive.write_bytes(zipped(vosk_folder, root))
    check_folder(install("mine", archive))
    check_folder(install("mine", archive, sha256=hashlib.sha256(archive.read_bytes()).hexdigest()))
    assert left(models) == ["mine"]
    assert archive.exists()


@pytest.mark.parametrize("ending", [".tar.bz2", ".tar.gz"])
def test_a_tar_that_is_here_is_installed(models: Path, vosk_folder: Path, tmp_path: Path, ending: str) -> None:
    archive = tmp_path / f"mine{ending}"
    with tarfile.open(archive, f"w:{ending[5:]}") as out:
        out.add(vosk_folder, "anything")
    check_folder(install("mine", archive))
    archive.write_bytes(archive.read_bytes()[:200])
    with pytest.raises(ModelError, match="truncated"):
        install("mine", archive)
    assert left(models) == ["mine"]


def release(folder: Path, *stems: str) -> Path:
    """A tar as the suggested model's release is: each set in both forms, and what comes with it; of noise."""
    parts = [f"{part}-{stem}{form}" for part in PARTS for stem in stems for form in ("", ".int8")]
    inside = folder / "inside"
    (inside / "test_wavs").mkdir(parents=True)
    for name in ("tokens.txt", "README.md", "test_wavs/0.wav", *(f"{part}.onnx" for part in parts)):
        (inside / name).write_text(f"made {name}")
    archive = folder / "made.tar.gz"
    with tarfile.open(archive, "w:gz") as out:
        out.add(inside, DEFAULT_MODEL)
    return archive


PARTS = ("encoder", "decoder", "joiner")
OLD, NEW = "epoch-12-avg-2-chunk-16-left-64", "epoch-99-avg-1-chunk-16-left-64"


def published_as(archive: Path) -> dict[str, Published]:
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    return {"made": Published("http://127.0.0.1:9/made.tar.gz", digest, 1, files=DEFAULT_FILES)}


def test_of_a_release_of_two_sets_the_measured_files_are_kept_alone(models: Path, tmp_path: Path) -> None:
    assert PUBLISHED[DEFAULT_MODEL].files == DEFAULT_FILES
    archive = release(tmp_path, OLD, NEW)
    folder = install("made", archive, published=published_as(archive))
    measured = {f"encoder-{OLD}.int8.onnx", f"decoder-{OLD}.onnx", f"joiner-{OLD}.int8.onnx"}
    assert set(left(folder)) == {"tokens.txt", "model.json", *measured}
    assert set(describe(folder).sha256) == {"tokens.txt", *measured}
    check_folder(folder)
    chosen = transducer_in(folder)
    assert {path.name for path in chosen.files.values()} == {"tokens.txt", *measured}
    assert chosen.named("made") == "made"
    check_folder(install("made", folder, published=published_as(archive)))  # from itself, with its card


def test_a_folder_of_another_set_under_a_published_name_stays_whole(models: Path, tmp_path: Path) -> None:
    archive = release(tmp_path, NEW)
    folder = install("made", tmp_path / "inside", published=published_as(archive))
    assert "test_wavs" in left(folder) and f"joiner-{NEW}.onnx" in left(folder)
    assert transducer_in(folder).files["joiner"].name == f"joiner-{NEW}.int8.onnx"


@pytest.mark.parametrize(
    ("stems", "said"),
    [((NEW,), ""), ((OLD, NEW), f"encoder-{OLD}.int8.onnx"), (("a", "b"), "encoder-b.int8.onnx")],
)
def test_of_several_sets_that_are_here_it_is_said_which_is_loaded(
    models: Path, tmp_path: Path, stems: tuple[str, ...], said: str
) -> None:
    archive = release(tmp_path, *stems)
    shown = CliRunner().invoke(model, ["install", "mine", "--from", str(archive)])
    assert shown.exit_code == 0
    assert ("其中有多套文件" in shown.output, said in shown.output) == (bool(said), True)
    assert ("其中有多套文件" in CliRunner().invoke(model, ["verify", "mine"]).output) == bool(said)
    assert "test_wavs" in left(models / "mine"), "nothing of it is dropped"


def test_a_mix_is_not_installed(models: Path, tmp_path: Path) -> None:
    release(tmp_path, OLD)
    for form in ("", ".int8"):
        (tmp_path / "inside" / f"joiner-{OLD}{form}.onnx").rename(tmp_path / "inside" / f"joiner-{NEW}{form}.onnx")
    with pytest.raises(ModelError, match=r"different sets: .*joiner-epoch-99.* — keep three files"):
        install("mine", tmp_path / "inside")
    assert left(models) == []


@pytest.mark.parametrize(
    ("name", "kind"), [("../evil", tarfile.REGTYPE), ("/tmp/evil", tarfile.REGTYPE), ("evil", tarfile.SYMTYPE)]
)
def test_a_tar_that_reaches_outside_is_refused(models: Path, tmp_path: Path, name: str, kind: bytes) -> None:
    archive = tmp_path / "evil.tar.gz"
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, "/etc/passwd"
    with tarfile.open(archive, "w:gz") as out:
        out.addfile(member)
    with pytest.raises(ModelError, match="is refused"):
        install("evil", archive)
    assert left(models) == []


def test_a_folder_that_is_here_is_copied(models: Path, vosk_folder: Path) -> None:
    check_folder(install("mine", vosk_folder))
    assert vosk_folder.exists()
    (vosk_folder / "graph" / "words.txt").unlink()
    with pytest.raises(ModelError, match=r"graph/words\.txt"):
        install("other", vosk_folder)
    assert left(models) == ["mine"]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_without_a_name_both_roads_are_shown(models: Path, lang: Language) -> None:
    shown = CliRunner(env={"SCREENER_LANG": lang}).invoke(model, ["install"]).output
    for name, published in PUBLISHED.items():
        remark = told(published.known, lang)
        assert name in shown and remark in shown
        assert bool(re.search(r"[\u4e00-\u9fff]", remark)) == (lang == "zh")
    advice = told("take this one, unless its last remark forbids it", lang)
    (after,) = re.findall(rf"^{re.escape(DEFAULT_MODEL)}.*\n(.*)", shown, re.M)
    assert advice in after and shown.count(advice) == 1
    assert {published.ending for published in PUBLISHED.values()} == {".zip", ".tar.bz2"}
    assert not models.exists() or left(models) == []


def test_a_zip_under_the_name_of_a_published_model_must_be_it(
    models: Path, vosk_folder: Path, tmp_path: Path
) -> None:
    archive = tmp_path / f"{DEFAULT_MODEL}.zip"
    archive.write_bytes(zipped(vosk_folder))
    with pytest.raises(ModelError, match="SHA-256"):
        install(DEFAULT_MODEL, archive)
    assert left(models) == []


@pytest.mark.parametrize("cut", [0, 10, 500, -1, -30])
def test_a_truncated_zip_is_refused(models: Path, vosk_folder: Path, tmp_path: Path, cut: int) -> None:
    archive = tmp_path / "cut.zip"
    archive.write_bytes(zipped(vosk_folder)[:cut])
    with pytest.raises(ModelError, match="truncated"):
        install("cut", archive)
    assert left(models) == []


def test_a_zip_with_a_damaged_member_is_refused_and_the_old_model_stays(
    models: Path, vosk_folder: Path, tmp_path: Path
) -> None:
    archive = tmp_path / "mine.zip"
    content = zipped(vosk_folder)
    archive.write_bytes(content)
    install("mine", archive)
    where = content.index(b"am/final.mdl") + len(b"am/final.mdl") + 3
    archive.write_bytes(
        content[:where] + bytes(b ^ 0x55 for b in content[where : where + 6]) + content[where + 6 :]
    )
    with pytest.raises(ModelError, match="truncated or no archive"):
        install("mine", archive)
    assert left(models) == ["mine"]
    check_folder(models / "mine")


@pytest.mark.parametrize("name", ["../evil", "/tmp/evil", "model/../../evil", "C:\\evil", "..\\evil"])
def test_a_zip_that_reaches_outside_is_refused(models: Path, tmp_path: Path, name: str) -> None:
    archive = tmp_path / "evil.zip"
    with zipfile.ZipFile(archive, "w") as out:
        out.writestr(name, "evil")
    with pytest.raises(ModelError, match="would write to"):
        install("evil", archive)
    assert left(models) == []
    assert not list(tmp_path.rglob("evil"))


def test_a_zip_without_a_model_is_refused(models: Path, tmp_path: Path) -> None:
    archive = tmp_path / "poems.zip"
    with zipfile.ZipFile(archive, "w") as out:
        out.writestr("poems/one.txt", "床前明月光")
    with pytest.raises(ModelError, match="no speech model"):
        install("poems", archive)
    assert left(models) == []


def test_an_empty_folder_is_refused_and_it_is_said_what_to_name(models: Path, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    with pytest.raises(ModelError, match="it is empty") as refused:
        install("nothing", tmp_path / "nothing")
    wrong, _, remedy = told(str(refused.value), "zh").partition(" — ")
    assert wrong == f"{tmp_path}/nothing 不是语音模型：是空文件夹"
    assert remedy == "请指明模型文件所在的文件夹，或安装一个：screener model install"
    assert left(models) == []


@pytest.mark.parametrize("name", ["../up", "embedded", "", ".hidden", "a/b"])
def test_a_bad_name_is_refused(models: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelError, match="cannot be the name"):
        install(name, tmp_path / "any.zip")


def test_an_unknown_model_is_refused(models: Path) -> None:
    with pytest.raises(ModelError, match="--from"):
        install("vosk-model-unheard-of")


def test_the_commands(models: Path, vosk_folder: Path, tmp_path: Path) -> None:
    archive = tmp_path / "mine.zip"
    archive.write_bytes(zipped(vosk_folder))
    done = CliRunner().invoke(model, ["install", "--from", str(archive)])
    assert done.exit_code == 0
    assert 'model = "mine"' in done.output
    assert "mine  vosk" in CliRunner().invoke(model, ["list"]).output
    assert "10 个校验值一致" in CliRunner().invoke(model, ["verify", "mine"]).output
    (models / "mine" / "graph" / "words.txt").unlink()
    failed = CliRunner().invoke(model, ["verify", "mine"])
    assert isinstance(failed.exception, ModelError)
    assert "graph/words.txt" in str(failed.exception)
    assert json.loads((models / "mine" / "model.json").read_text())["name"] == "mine"
