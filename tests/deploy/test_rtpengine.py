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
