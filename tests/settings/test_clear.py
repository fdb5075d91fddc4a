"""What may leave this machine in clear where calls must be encrypted: one table of every way out."""

from pathlib import Path

import pytest

from screener.errors import SettingsError
from screener.service.peers import check_clear
from screener.settings.clear import exposed, is_here, must_encrypt
from screener.settings.load import parse
from screener.settings.sections import Settings, Sip
from screener.words.told import told

FILE = Path("/site/screener.toml")
REQUIRED = '[sip]\nsrtp = "required"\n'
ONLY = '[sip.tls]\nonly = true\n[[sip.registrars]]\nhost = "192.0.2.1"\nusername = "u"\ntransport = "tls"\n[sip]\n'
MAIL = 'sender = "a@example.cn"\nto = ["b@example.cn"]\n'
WAY = "[[alerts.ways]]\n"
SUMMARY = '[[alerts.summaries]]\nevery = "day"\n' + MAIL
PBX = '[targets]\nanalysis = "sip:9@192.0.2.1"\n[pbx]\npassword = "x"\nmax_calls = 1\nhost = '
FREESWITCH = PBX.replace("[pbx]", "[freeswitch]")

REFUSED = {
    "servers": ('[speech]\nservers = ["ws://asr.example:2700"]\n', "[speech] servers"),
    "an address": ('[speech]\nservers = ["ws://192.0.2.7:2700"]\n', "[speech] servers"),
    "IPv6": ('[speech]\nservers = ["ws://[2001:db8::7]:2700"]\n', "[speech] servers"),
    "one of two": ('[speech]\nservers = ["wss://asr.example:2700", "ws://asr.example"]\n', "[speech] servers"),
    "named as if it were here": ('[speech]\nservers = ["ws://localhost.example:2700"]\n', "[speech] servers"),
    "webhook": (WAY + 'kind = "webhook"\nurl = "http://crm.example/x"\n', "[[alerts.ways]] 1 url"),
    "robot": (WAY + 'kind = "feishu"\nurl = "http://robots.example/x"\n', "[[alerts.ways]] 1 url"),
    "mail": (WAY + f'kind = "email"\nurl = "mail.example:25"\n{MAIL}', "[[alerts.ways]] 1 username"),
    "summary": (SUMMARY + 'url = "mail.example"\n', "[[alerts.summaries]] 1 username"),
}
REPORTED = {
    "Asterisk": (PBX + '"192.0.2.10"\n', "[pbx] host"),
    "FreeSWITCH": (FREESWITCH + '"192.0.2.10"\n', "[freeswitch] host"),
    "console": ('[console]\nhost = "0.0.0.0"\n', "[console] host"),
    "database": ('[store]\nurl = "postgresql://u:pw@db.example/log"\n', "[store] url"),
    "prefer": ('[store]\nurl = "postgresql+psycopg://u@db.example/log?sslmode=prefer"\n', "[store] url"),
    "host asked": ('[store]\nurl = "postgresql://u@/log?host=db.example"\n', "[store] url"),
    "two hosts": ('[store]\nurl = "postgresql://u@127.0.0.1:5432,db.example:5432/log"\n', "[store] url"),
    "another database": ('[store]\nurl = "mysql://u:pw@db.example/log"\n', "[store] url"),
}
FINE = {
    "nothing": "",
    "wss": '[speech]\nservers = ["wss://asr.example:2700"]\n',
    "here": '[speech]\nservers = ["ws://127.0.0.1:2700", "ws://[::1]:2700", "ws://localhost:2700"]\n',
    "https": WAY + 'kind = "webhook"\nurl = "https://crm.example/x"\n',
    "webhook here": WAY + 'kind = "webhook"\nurl = "http://127.0.0.1:9000/x"\n',
    "STARTTLS": WAY + f'kind = "email"\nurl = "mail.example:587"\nusername = "u"\nsecret = "s"\n{MAIL}',
    "mail server here": WAY + f'kind = "email"\nurl = "localhost:25"\n{MAIL}',
    "summary here": SUMMARY + 'url = "127.0.0.1"\n',
    "Asterisk here": PBX + '"127.0.0.1"\n',
    "tunnel": FREESWITCH + '"127.0.0.1"\n',
    "console here": '[console]\nhost = "127.0.0.1"\n',
    "console with TLS": '[console]\nhost = "0.0.0.0"\ncertificate = "c.pem"\nkey = "k.pem"\n',
    "SQLite": '[store]\nurl = "sqlite:///screener.db"\n',
    "database by socket": '[store]\nurl = "postgresql://u@/log?host=/run/postgresql"\n',
    "database here": '[store]\nurl = "postgresql://u@localhost/log"\n',
    "database with TLS": '[store]\nurl = "postgresql://u:p%40@db.example/log?sslmode=verify-full"\n',
}
ENCRYPTED = pytest.mark.parametrize("encrypted", [REQUIRED, ONLY], ids=["srtp", "tls"])


@ENCRYPTED
@pytest.mark.parametrize(("toml", "where"), REFUSED.values(), ids=REFUSED)
def test_what_the_settings_can_mend_is_refused(encrypted: str, toml: str, where: str) -> None:
    with pytest.raises(SettingsError) as error:
        parse(encrypted + toml, FILE)
    (line,) = error.value.message.splitlines()
    assert line.startswith(f"{FILE}: {where}: found ")
    assert "allowed" in line
    assert "通话须加密时" in told(line, "zh")
    assert parse('[sip]\nsrtp = "optional"\n' + toml, FILE), "elsewhere it is the site's choice"


@ENCRYPTED
@pytest.mark.parametrize(("toml", "where"), REPORTED.values(), ids=REPORTED)
def test_what_depends_on_the_way_is_said_by_the_doctor(encrypted: str, toml: str, where: str) -> None:
    (found,) = check_clear(parse(encrypted + toml, FILE))
    assert not found.ok
    assert found.message.startswith(f"{where}: ")
    assert found.remedy
    for text in (found.message, found.remedy):
        assert told(text, "zh") != text
    assert "pw" not in found.message
    elsewhere = [check.message.partition(":")[0] for check in check_clear(parse(toml, FILE))]
    assert elsewhere == ([where] if where == "[console] host" else []), "elsewhere it is the site's choice"


def test_pages_that_others_reach_without_tls_are_told_unless_a_proxy_is_named() -> None:
    (found,) = check_clear(parse('[console]\nhost = "0.0.0.0"\n', FILE))
    assert "0.0.0.0 show calls, and take passwords, in clear" in found.message
    assert "give [console] certificate and key" in found.remedy
    behind = '[console]\nhost = "0.0.0.0"\nproxies = ["192.0.2.1"]\n'
    assert not list(check_clear(parse(behind, FILE)))
    assert not list(check_clear(Settings()))


@ENCRYPTED
@pytest.mark.parametrize("toml", FINE.values(), ids=FINE)
def test_what_stays_here_or_is_encrypted_is_fine(encrypted: str, toml: str, tmp_path: Path) -> None:
    for name in ("c.pem", "k.pem"):
        (tmp_path / name).touch()
    assert not list(exposed(parse(encrypted + toml, tmp_path / FILE.name)))


def test_who_asks_for_encryption() -> None:
    assert not must_encrypt(Sip())
    assert not must_encrypt(Sip(srtp="off"))
    assert must_encrypt(Sip(srtp="required"))
    assert not list(exposed(Settings()))


@pytest.mark.parametrize(
    ("host", "here"),
    [("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("[::1]", True), ("Localhost", True),
     ("", False), ("0.0.0.0", False), ("::", False), ("127.0.0.1.example", False), ("localhost.", False)],
)  # fmt: skip
def test_this_machine(host: str, here: bool) -> None:
    assert is_here(host) is here
