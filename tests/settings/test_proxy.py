"""`[proxy]` beside `[sip]`: where everything must be encrypted, nothing is taken or sent in clear."""

from pathlib import Path

import pytest

from screener.errors import SettingsError
from screener.settings.load import load, parse
from screener.words.told import told

FILE = Path("/site/screener.toml")
DEPLOYED = Path(__file__).parents[2] / "deploy" / "rtpengine" / "screener.toml"
PROXY = DEPLOYED.read_text("utf-8").replace("[sip]\n", "", 1)
REGISTRAR = '[[sip.registrars]]\nhost = "192.0.2.1"\nusername = "u"\ntransport = "tls"\n'
REQUIRED = (
    '[sip]\nsrtp = "required"\n',
    '[sip] srtp: found "required", allowed optional or off beside [proxy] url, whose copies come in clear: ',
    '[sip] srtp：见到 "required"，设了 [proxy] url 时应为 optional 或 off，因为它的副本不加密：',
)
ONLY = (
    f"[sip.tls]\nonly = true\n{REGISTRAR}[sip]\n",
    "[sip.tls] only: found true, allowed false beside [proxy] url, whose REFER goes by UDP: ",
    "[sip.tls] only：见到 true，设了 [proxy] url 时应为 false，因为它的 REFER 走 UDP：",
)


@pytest.mark.parametrize(("encrypted", "english", "chinese"), [REQUIRED, ONLY], ids=["srtp", "tls"])
def test_clear_copies_are_refused_where_all_must_be_encrypted(encrypted: str, english: str, chinese: str) -> None:
    with pytest.raises(SettingsError) as error:
        parse(encrypted + PROXY, FILE)
    (line,) = error.value.message.splitlines()
    do = "take [proxy] out, or give it a screener of its own on a network that you trust"
    assert line == f"{FILE}: {english}{do}"
    assert told(line, "zh") == f"{FILE}：{chinese}请去掉 [proxy]，或在可信的网络里另开一台 Screener 专用于它"


def test_each_is_named_by_itself() -> None:
    with pytest.raises(SettingsError) as error:
        parse(ONLY[0] + 'srtp = "required"\n' + PROXY, FILE)
    assert [line.split(": ")[1] for line in error.value.message.splitlines()] == ["[sip] srtp", "[sip.tls] only"]


@pytest.mark.parametrize("encrypted", [REQUIRED[0], ONLY[0]], ids=["srtp", "tls"])
def test_encryption_goes_without_a_proxy(encrypted: str) -> None:
    assert not parse(encrypted, FILE).proxy.url


@pytest.mark.parametrize("srtp", ["off", "optional"])
def test_a_proxy_goes_where_clear_is_allowed(srtp: str) -> None:
    assert parse(f'[sip]\nsrtp = "{srtp}"\n{PROXY}', FILE).proxy.url


def test_the_deployed_file_loads() -> None:
    assert load(DEPLOYED).proxy.url
