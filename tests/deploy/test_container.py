"""The container files: what they mount, copy and connect is there and fits together."""

import os
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from screener.settings.load import load

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy/container"


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    return yaml.safe_load((FOLDER / "compose.yaml").read_text("utf-8"))["services"]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """What new-site writes, which gives files to another user and so needs root."""
    if os.geteuid() != 0:
        pytest.skip("needs root")
    subprocess.run([FOLDER / "new-site", tmp_path / "site"], check=True, capture_output=True)
    return tmp_path / "site"


def mounted(services: dict[str, Any], name: str) -> dict[str, str]:
    """What of the site's folder a service sees: path there to path in the container."""
    found = (
        re.fullmatch(r"\$\{SITE:-../../site\}/(\S+?):(\S+?):ro", volume) for volume in services[name]["volumes"]
    )
    return {match[1]: match[2] for match in found if match}


def address(services: dict[str, Any], name: str) -> str:
    return services[name]["networks"]["telephony"]["ipv4_address"]


def test_everything_that_is_mounted_is_written_by_new_site(services: dict[str, Any], site: Path) -> None:
    paths = [path for name in services for path in mounted(services, name)]
    assert len(paths) >= 6
    assert [path for path in paths if not (site / path).exists()] == []


def test_every_file_of_the_asterisk_example_is_mounted(services: dict[str, Any]) -> None:
    files = {f"asterisk/{file.name}" for file in (ROOT / "deploy/asterisk").glob("*.conf")}
    assert set(mounted(services, "asterisk")) == files


def test_the_settings_fit_the_network(services: dict[str, Any], site: Path) -> None:
    settings = load(site / "screener/screener.toml")
    pbx = address(services, "asterisk")
    assert settings.sip.host == address(services, "screener")
    assert settings.sip.peers == (pbx,)
    assert settings.sip.registrars[0].host == pbx
    assert {settings.targets.agents, settings.targets.analysis} == {f"sip:agents@{pbx}", f"sip:analysis@{pbx}"}
    assert f"@{address(services, 'postgres')}/" in settings.store.url
    assert f"bind = {pbx}:5060" in (site / "asterisk/pjsip.conf").read_text("utf-8")
    health = (FOLDER / "Containerfile").read_text("utf-8")
    assert f"127.0.0.1:{settings.operations.metrics_port}/metrics" in health


def test_the_console_has_a_proxy_before_it_that_it_believes(services: dict[str, Any], site: Path) -> None:
    settings = load(site / "screener/screener.toml").console
    assert settings.host == address(services, "console")
    assert settings.proxies == (address(services, "proxy"),)
    assert not settings.with_serve, "it is a process of its own"
    proxy = (site / "proxy/nginx.conf").read_text("utf-8")
    assert f"server {settings.host}:{settings.port};" in proxy and "127.0.0.1" not in re.sub(r"#.*", "", proxy)
    assert [name for name in services if services[name].get("ports")] == ["proxy"]
    assert services["console"]["image"] == services["screener"]["image"]
    assert services["console"]["volumes"] == services["screener"]["volumes"], "the feed lies there"
    inside = mounted(services, "proxy")
    for path in re.findall(r"ssl_certificate(?:_key)? (\S+);", proxy):
        assert path in inside.values()
    assert (site / "proxy/privkey.pem").stat().st_mode & 0o777 == 0o600


def test_what_the_service_writes_lies_on_its_volume(services: dict[str, Any], site: Path) -> None:
    settings = load(site / "screener/screener.toml")
    written = (settings.spool, Path(settings.operations.feed), Path(settings.evidence.key))
    assert "screener:/var/lib/screener" in services["screener"]["volumes"]
    assert [path for path in written if not path.is_relative_to("/var/lib/screener")] == []


def test_passwords_are_fresh_and_only_their_readers_may_read_them(site: Path) -> None:
    text = "".join(file.read_text("utf-8") for file in site.rglob("*") if file.is_file())
    assert "change-me" not in text
    password = (site / "screener/pbx.password").read_text("utf-8").strip()
    assert f"password = {password}" in (site / "asterisk/pjsip.conf").read_text("utf-8")
    database = (site / "postgres.password").read_text("utf-8").strip()
    assert (site / "screener/pgpass").read_text("utf-8").strip().endswith(f":{database}")
    found = re.findall(r"(?m)^(?:password|secret) = (\S+)", text)
    assert len({*found, database}) == len(found) + 1, "no two are the same"
    secrets = {
        *found,
        *(file.read_text("utf-8").strip() for file in (site / "screener").glob("*.[ps]*")),
        database,
    }
    secrets.add(re.search(r"(?m)^SCREENER_SECRET = (\S+)", text)[1])  # type: ignore[index]
    for file in (file for file in site.rglob("*") if file.is_file()):
        if any(secret in file.read_text("utf-8") for secret in secrets):
            mode, group = file.stat().st_mode & 0o777, file.stat().st_gid
            assert (mode, group) in ((0o600, group), (0o640, 10002)), file
    for name in ("pbx.password", "ami.password", "event.secret", "pgpass"):
        assert (site / "screener" / name).stat().st_uid == 10001
    assert "groupadd --gid 10002 asterisk" in (FOLDER / "Containerfile.asterisk").read_text("utf-8")


def test_the_manager_s_and_the_events_secret_are_the_same_on_both_sides(site: Path) -> None:
    manager = (site / "screener/ami.password").read_text("utf-8").strip()
    assert f"secret = {manager}" in (site / "asterisk/manager.conf").read_text("utf-8")
    events = (site / "screener/event.secret").read_text("utf-8").strip()
    assert f"SCREENER_SECRET = {events}" in (site / "asterisk/extensions.conf").read_text("utf-8")


def test_a_site_that_is_there_is_left_alone(site: Path) -> None:
    again = subprocess.run([FOLDER / "new-site", site], capture_output=True, text=True)
    assert again.returncode == 1
    assert "left alone" in again.stderr


@pytest.mark.parametrize("name", ["Containerfile", "Containerfile.asterisk"])
def test_what_is_copied_exists_and_nothing_secret_or_of_root_is_in_the_image(name: str) -> None:
    text = (FOLDER / name).read_text("utf-8")
    for sources in re.findall(r"(?m)^COPY (?!--from)(.+) \S+$", text):
        for source in sources.split():
            assert (ROOT / source).exists(), source
            assert f"!{source}" in (FOLDER / "Containerfile.dockerignore").read_text("utf-8").split()
    assert re.search(r"(?m)^USER (?!root)\w+$", text)
    assert not re.search(r"(?im)^(ENV|ARG) .*(password|secret|token)", text)


def test_the_dropped_tools_are_the_developers_own() -> None:
    """Nothing that the service needs is taken out of the image again."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    names = {re.split(r"[=<>]", item)[0].lower() for item in project["project"]["optional-dependencies"]["dev"]}
    found = re.search(r"pip uninstall -y (.+)", (FOLDER / "Containerfile").read_text("utf-8"))
    assert found
    assert set(found[1].split()) == names | {"hatchling", "editables"}
