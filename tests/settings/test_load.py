import re
import tomllib
from dataclasses import fields, is_dataclass, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screener.core.evidence import Kind, Treatment
from screener.core.ladder import LadderStep
from screener.errors import SettingsError
from screener.resources import config_folder
from screener.settings.alerts import SummarySection, Way
from screener.settings.load import load, parse
from screener.settings.sections import Registrar, Settings
from screener.sip.useragent import SipUserAgent
from screener.words.told import told

FILE = Path("/site/screener.toml")
SHIPPED = config_folder() / "screener.toml"


def problems(text: str, path: Path = FILE) -> list[str]:
    with pytest.raises(SettingsError) as error:
        parse(text, path)
    lines = error.value.message.splitlines()
    assert all(line.startswith(f"{path}: ") for line in lines), "every problem names the file"
    return [line.removeprefix(f"{path}: ") for line in lines]


def test_the_shipped_file_is_the_defaults() -> None:
    assert load(SHIPPED) == replace(Settings(), folder=SHIPPED.parent)


def test_the_shipped_file_shows_every_key() -> None:
    data = tomllib.loads(SHIPPED.read_text("utf-8"))
    for section in fields(Settings):
        default = getattr(Settings(), section.name)
        if is_dataclass(default):
            wanted = {f.name for f in fields(default)} - {
                "registrars",
                "ways",
                "steps",
                "summaries",
                "password_file",
                "event_secret_file",
                "secret_file",
            }
            assert wanted == data[section.name].keys(), section.name
    shown = set(re.findall(r"^# (\w+) = ", SHIPPED.read_text("utf-8"), re.M))
    tables = (*fields(Registrar), *fields(Way), *fields(SummarySection), *fields(LadderStep))
    assert shown == {f.name for f in tables} | {"event_secret_file", "secret_file"}


def test_every_wrong_setting_is_named_with_what_was_found_and_what_is_allowed() -> None:
    assert problems(
        '[sip]\nport = "x"\nprot = 3\npeers = "a"\n[flow]\ntreatment = "shout"\n'
        '[flow.treatment_of]\nbark = "none"\n'
        '[speech]\nprocesses = 0\nmin_confidence = 2\nengine = "kaldi"\n[bogus]\n[site]\nlanguage = true\n'
        "[[sip.registrars]]\nport = 70000\n"
    ) == [
        "[sip] prot: found an unknown key, allowed advertised_host, analysis_extension, dialled_header, host, "
        "inbound_password, inbound_username, linkedid_header, listening_extension, max_calls, "
        "max_requests_per_second, peers, port, "
        "queue_header, recording_extension, registrars, rtp_port_high, rtp_port_low, screening_extension, "
        "srtp, tcp, tls, uniqueid_header, user_agent; did you mean port?",
        "[bogus]: found an unknown key, allowed alerts, console, evidence, flow, freeswitch, judgement, ladder, "
        "oidc, operations, pbx, prompts, proxy, sip, siprec, site, speech, store, targets, webhook",
        "[site] language: found true, allowed zh or en",
        '[sip] port: found "x", allowed a whole number',
        '[sip] peers: found "a", allowed a list in [ ]',
        "[[sip.registrars]] 1 host: found nothing, allowed a value; it has no default",
        "[[sip.registrars]] 1 username: found nothing, allowed a value; it has no default",
        "[[sip.registrars]] 1 port: found 70000, allowed a number not above 65535",
        '[flow] treatment: found "shout", allowed analysis_queue, line_fault, terminate or none',
        '[flow.treatment_of] bark: found "bark", allowed lewd, abuse, prank, chitchat, threat, mimic, '
        "breathing, silent or redial",
        '[speech] engine: found "kaldi", allowed vosk, sherpa or none',
        "[speech] processes: found 0, allowed a number not below 1",
        "[speech] min_confidence: found 2, allowed a number not above 1",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[sip]\nrtp_port_low = 20001", "[sip] rtp_port_low: found 20001, allowed an even port not below 1024"),
        (
            "[sip]\nrtp_port_high = 20100",
            "[sip] rtp_port_high: found 20100, allowed not below 20799 for 400 calls",
        ),
        ('[sip]\npeers = ["pbx"]', '[sip] peers: found "pbx", allowed addresses and networks'),
        ('[sip]\nanalysis_extension = "100"', "[sip] analysis_extension: found 100, allowed any but"),
        ('[sip]\ninbound_username = "pbx"', "[sip] inbound_username: found one of name and password"),
        ('[targets]\nagents = "600"', '[targets] agents: found "600", allowed a sip:, sips: or tel: URI'),
        ('[targets]\nagents = ""', '[targets] agents: found "", allowed'),
        ('[targets]\nagents = "sip:a@b>\\r\\nX: y"', "[targets] agents: found"),
        ('[targets]\nsupervisor = "http://x"', "[targets] supervisor: found"),
        (
            "[flow]\nqueue_on_pbx = true",
            '[targets] analysis: found "", allowed a sip:, sips: or tel: URI, needed by',
        ),
        ("[flow]\nlisten_seconds = nan", "[flow] listen_seconds: found nan, allowed a number above 0"),
        ("[flow]\nlisten_seconds = inf", "[flow] listen_seconds: found inf, allowed a number above 0"),
        ("[flow]\nsettle_seconds = -1", "[flow] settle_seconds: found -1, allowed a number not below 0"),
        (
            '[speech]\nhotwords = ["城隍庙"]',
            '[speech] hotwords: found with engine = "vosk", allowed with "sherpa", which alone prefers them',
        ),
        (
            '[speech]\nengine = "sherpa"\nhotwords = ["x"]\nservers = ["ws://asr.example"]\nfallback = "none"',
            "[speech] hotwords: found where servers alone hear, allowed where a model of this machine does",
        ),
        (
            "[flow]\npause_seconds = 60",
            "[flow] pause_seconds: found 60, allowed with [pbx] host: Asterisk pauses the agent",
        ),
        (
            '[flow.warnings]\nby = ["agent"]\nnotice_seconds = 900',
            '[flow] warnings.notice_seconds: found 900, allowed with "rule" in by',
        ),
        *(
            (
                f'[flow.warnings]\nby = ["rule"]\n{notice}end_seconds = 900',
                "[flow] warnings.end_seconds: found 900, allowed a number above a notice_seconds above 0",
            )
            for notice in ("", "notice_seconds = 900\n")
        ),
        ("[flow]\nsteer_prompts = -1", "[flow] steer_prompts: found -1, allowed a whole number not below 0"),
        ('[site]\ntimezone = "Mars/Olympus"', '[site] timezone: found "Mars/Olympus", allowed an IANA name'),
        ('[site]\ntimezone = "../etc"', '[site] timezone: found "../etc", allowed an IANA name'),
        ('[site]\nregion = "China"', '[site] region: found "China", allowed a country of ISO 3166'),
        (
            '[judgement]\nlexicon = "absent.toml"',
            '[judgement] lexicon: found "absent.toml", allowed an existing file',
        ),
        ('[judgement]\nlines = ["a.csv"]', '[judgement] lines: found "a.csv", allowed an existing file'),
        ('[prompts]\nfolder = "absent"', '[prompts] folder: found "absent", allowed an existing folder'),
        ('[oidc]\nissuer = "http://idp.example"', '[oidc] issuer: found "http://idp.example", allowed https://'),
        ('[oidc]\nissuer = "https://idp.example"', "[oidc] client_id: found nothing"),
        ('[oidc]\nissuer = "https://a.b"\nscope = "profile"', '[oidc] scope: found "profile"'),
        ('[oidc]\nroles = {x = "king"}', '[oidc.roles] x: found "king", allowed agent, supervisor'),
        ('folder = "/"', "[folder]: found an unknown key"),
    ],
)
def test_what_no_single_type_can_say(text: str, problem: str) -> None:
    assert [p for p in problems(text) if p.startswith(problem)], problems(text)


def test_a_syntax_error_names_its_line() -> None:
    assert "line 2" in problems("[sip]\nport = = 3\n")[0]


def test_passwords_come_from_a_file_and_never_show(tmp_path: Path) -> None:
    (tmp_path / "pbx.password").write_text("s3cret\nnot this\n")
    registrar = '[[sip.registrars]]\nhost = "192.0.2.1"\nusername = "u"\n'
    settings = parse(registrar + 'password_file = "pbx.password"', tmp_path / "s.toml")
    assert settings.sip.registrars[0].password == "s3cret"
    assert "s3cret" not in repr(settings)
    SipUserAgent(settings.sip)  # needs the file no more, wherever it is run from
    both = registrar + 'password = "s3cret"\npassword_file = "pbx.password"'
    assert "allowed one of the two" in problems(both, tmp_path / "s.toml")[0]
    assert "No such file" in problems(registrar + 'password_file = "absent"', tmp_path / "s.toml")[0]
    (tmp_path / "empty").write_text("\n")
    assert "empty" in problems(registrar + 'password_file = "empty"', tmp_path / "s.toml")[0]
    wrong = (
        '[sip]\ninbound_password = ["s3cret"]\n[store]\nurl = "pg:user:s3cret@host"\n' + registrar + "password = 5"
    )
    for text in (wrong, wrong.replace('["s3cret"]', '"s3cret"').replace("= 5", '= "s3cret"')):
        assert "s3cret" not in "".join(problems(text))


def test_the_named_file_the_variable_the_folder_the_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SCREENER_CONFIG", raising=False)
    assert load() == replace(Settings(), folder=tmp_path)
    (tmp_path / "screener.toml").write_text('\ufeff[site]\nname = "here"\n', "utf-8")
    assert load().site.name == "here"
    (tmp_path / "other.toml").write_text('[site]\nname = "there"\n')
    monkeypatch.setenv("SCREENER_CONFIG", str(tmp_path / "other.toml"))
    assert load().site.name == "there"
    assert load(tmp_path / "screener.toml").site.name == "here"
    with pytest.raises(SettingsError, match="screener init"):
        load(tmp_path / "absent.toml")


def test_values_arrive_typed() -> None:
    settings = parse('[flow]\nlisten_seconds = 20\ntreatment_of = { lewd = "line_fault" }\n', FILE)
    assert settings.flow.listen_seconds == 20.0
    assert settings.flow.treatment_of == {Kind.LEWD: Treatment.LINE_FAULT}


@given(st.text(max_size=200))
def test_any_text_is_settings_or_one_clear_error(text: str) -> None:
    try:
        assert isinstance(parse(text, FILE), Settings)
    except SettingsError as error:
        assert error.message.startswith(str(FILE))


def test_listening_beside_needs_an_account_a_queue_to_move_to_and_room_for_the_legs() -> None:
    assert problems('[pbx]\nhost = "192.0.2.10"\ndial = "PJSIP/screener"\nmax_calls = 250\n') == [
        '[targets] analysis: found "", allowed a sip:, sips: or tel: URI, needed by [pbx] host',
        "[pbx] password: found no name or no password, allowed those of an account in manager.conf",
        '[pbx] dial: found "PJSIP/screener", allowed a dial string with {leg}, as "PJSIP/{leg}@screener"',
        "[sip] max_calls: found 400, allowed not below 500 listening legs of [pbx]",
    ]


def test_the_password_of_the_manager_interface_may_lie_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "ami").write_text("s3cret\n")
    text = '[targets]\nanalysis = "sip:a@192.0.2.10"\n[pbx]\nhost = "192.0.2.10"\npassword_file = "ami"\n'
    settings = parse(text, tmp_path / "screener.toml")
    assert settings.pbx.password == "s3cret"
    assert "s3cret" not in repr(settings)
    assert problems(text.replace('"ami"', '"amy"'), tmp_path / "screener.toml") == [
        "[pbx] password_file: found amy (No such file or directory), allowed a file that can be read"
    ]


def test_hot_words_that_nothing_prefers_are_told_in_chinese() -> None:
    (vosk,) = problems('[speech]\nhotwords = ["城隍庙"]')
    assert told(vosk, "zh") == '[speech] hotwords：见到 engine = "vosk" 时的热词，仅 "sherpa" 时起作用'
    (served,) = problems(
        '[speech]\nengine = "sherpa"\nhotwords = ["外婆"]\nservers = ["wss://asr.example"]\nfallback = "none"'
    )
    assert told(served, "zh").endswith("见到只由服务器识别时的热词，由本机模型识别时才起作用")
    for fallback in ('fallback = "local"', ""):
        parse(
            f'[speech]\nengine = "sherpa"\nhotwords = ["外婆"]\nservers = ["wss://asr.example"]\n{fallback}', FILE
        )
