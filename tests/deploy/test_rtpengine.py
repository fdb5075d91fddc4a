"""deploy/rtpengine: its three files say the same; `tests/pbx/test_rtpengine.py` runs them."""

import configparser
import re
from pathlib import Path

from screener.proxy.kamailio import QUESTION
from screener.settings.load import load

FOLDER = Path(__file__).parents[2] / "deploy/rtpengine"


def test_the_three_files_fit() -> None:
    settings = load(FOLDER / "screener.toml")
    script = (FOLDER / "kamailio.cfg").read_text()
    defined = dict(re.findall(r'#!define (\w+) "(.+)"', script))
    assert (settings.proxy.secret, settings.sip.host) == (defined["SECRET"], defined["SCREENER"])
    (http,) = re.findall(r"listen=tcp:(\S+)", script)
    assert settings.proxy.url == f"http://{http}/calls"
    assert f"'{QUESTION.decode()}'" in script, "no other command is let through"
    engine = configparser.ConfigParser()
    engine.read(FOLDER / "rtpengine.conf")
    assert settings.proxy.rtpengine == (engine["rtpengine"]["listen-ng"],)
    assert f'"udp:{engine["rtpengine"]["listen-ng"]}"' in script


def test_both_proxies_believe_as_little_of_what_comes_from_outside() -> None:
    """Two routes are the same in both, word by word: what is taken off, and where media may go."""
    ours, other = (_routes(folder) for folder in (FOLDER, FOLDER.parent / "kamailio"))
    assert ours["OUTSIDE"] == other["OUTSIDE"]
    assert ours["MEDIA"] == other["MEDIA"]
    script = (FOLDER / "kamailio.cfg").read_text()
    assert script.index("exit;") < script.index("route(OUTSIDE)") < script.index("t_relay"), "first of all"
    taken = re.findall(r'remove_hf_re\("(.+?)"\)', ours["OUTSIDE"])
    names = ("P-Asserted-Identity", "p-preferred-identity", "Remote-Party-ID", "Referred-By", "b", "Diversion",
             "History-Info", "X-Linkedid", "x-uniqueid", "X-Dialled", "Replaces", "Identity",
             "Alert-Info", "Call-Info", "Answer-Mode", "Priv-Answer-Mode", "Join")  # fmt: skip
    for name in names:
        assert any(re.search(pattern, name, re.IGNORECASE) for pattern in taken), name
    for name in ("Via", "From", "To", "Call-ID", "CSeq", "Contact", "Content-Type", "Route", "Refer-To"):
        assert not any(re.search(pattern, name, re.IGNORECASE) for pattern in taken), name


def _routes(folder: Path) -> dict[str, str]:
    """The routes of a folder's script that are asked for by name."""
    return dict(re.findall(r"(?ms)^route\[(\w+)\] \{$(.*?)^\}$", (folder / "kamailio.cfg").read_text()))
