"""Every complaint of the settings file, in Chinese: no English in it but names of keys, values and files."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, is_dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, get_args, get_origin, get_type_hints

import pytest
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, with_config

from screener.errors import SettingsError
from screener.settings.found import complaints as of_a_file
from screener.settings.load import parse
from screener.settings.sections import Settings
from screener.words.told import told
from tests.words.sentences import PACKAGE, template

OF_OTHER_FILES = {"found.py", "judgement.py", "cards.py", "recordings.py"}
"""What these say is of any file, and of the files that judge: below, and tests/settings/test_judgement.py."""
REGISTRAR = '[[sip.registrars]]\nhost = "192.0.2.1"\nusername = "u"\n'
PBX = '[targets]\nanalysis = "sip:a@192.0.2.9"\n[pbx]\nhost = "192.0.2.9"\npassword = "s3cret"\n'
SWITCH = '[targets]\nanalysis = "sip:a@192.0.2.9"\n[freeswitch]\nhost = "192.0.2.9"\n'
PROXY = (
    '[targets]\nanalysis = "sip:a@192.0.2.9"\n[proxy]\nsecret = "s3cret"\nurl = "http://192.0.2.9:8080/calls"\n'
)
STEP = '[[ladder.steps]]\nconfirmed = {}\nwithin_days = 30\ndays = 7\nrung = "warned"\n'
MAIL = '[[alerts.ways]]\nkind = "email"\nurl = "192.0.2.9:25"\n'
WRONG = (
    "[sip]\nport = 70000\nprot = 1",
    '[bogus]\n"a b" = 1\n[sip]\n"x: y" = 1\n[siprec]\nlast = 1',
    '[sip]\npeers = "a"\nhost = 1',
    "[sip]\nport = 0.5\ntls = 1\ntcp = 1",
    "[speech]\nprocesses = 0\nmin_confidence = 2",
    'sip = "x"',
    "[flow]\nlisten_seconds = true\nsettle_seconds = [1]",
    "[flow]\ntreatment_of = 1",
    "[oidc]\nroles = 3",
    "[sip]\nmax_requests_per_second = 0",
    "[console]\nrequests_per_second = 1001",
    '[speech]\nengine = "kaldi"',
    "[webhook]\nsecret_file = 3",
    "[webhook]\ntimeout_seconds = 31\ntries = 0",
    '[siprec]\nfirst = "boss"',
    '[pbx]\npassword = ["x"]',
    "[[sip.registrars]]\nport = 70000",
    REGISTRAR + "expires = 5\n",
    "[[ladder.steps]]",
    "[[alerts.ways]]",
    "[[alerts.summaries]]",
    "[site]\nlanguage = true",
    "[store]\nqueue_rows = 1",
    "[flow]\nsteer_prompts = -1",
    REGISTRAR + 'password_file = "nofile"\n',
    '[webhook]\nsecret = "x"\nsecret_file = "nofile"',
    REGISTRAR + 'password_file = "empty"\n',
    '[pbx]\nevent_secret_file = "empty"',
    '[webhook]\nsecret_file = "latin"',
    '[proxy]\nsecret_file = "."',
    "[sip]\nrtp_port_low = 20001",
    "[sip]\nrtp_port_high = 20100",
    '[sip]\npeers = ["pbx"]',
    '[sip]\nanalysis_extension = "100"',
    '[sip]\ninbound_username = "x"',
    '[sip]\nlistening_extension = "a b"',
    '[sip]\nrecording_extension = "rec"\nrtp_port_high = 20900',
    '[sip]\nrecording_extension = "900"',
    '[sip.tls]\ncertificate = "none.pem"',
    "[sip.tls]\nclient_certificates = true",
    "[sip.tls]\nonly = true",
    '[sip]\ntcp = true\nport = 5061\n[sip.tls]\nport = 5061\ncertificate = "empty"\nkey = "empty"',
    "[sip.tls]\nonly = true\n" + REGISTRAR,
    '[siprec]\ncaller_label = "a"\nagent_label = "a"',
    '[targets]\nagents = "600"',
    "[flow]\nqueue_on_pbx = true",
    '[pbx]\nhost = "192.0.2.9"',
    '[webhook]\nurl = "http://e.org/x"',
    '[webhook]\nurl = "https://e.org"\nca = "none.pem"',
    PBX + 'record_flagged = true\nrecord_folder = "../x"\ndial = "x"\nmax_calls = 300\n',
    SWITCH + 'dial = "x"\ncontext = "a b"\nmax_calls = 300\n',
    SWITCH + '[pbx]\nhost = "192.0.2.9"\n',
    PROXY + 'rtpengine = ["a b"]\nmax_calls = 900\n',
    '[proxy]\nurl = "https://x"',
    PROXY + '[sip]\nsrtp = "required"\n[sip.tls]\nonly = true\ncertificate = "empty"\nkey = "empty"\n',
    '[speech]\nservers = ["http://x"]',
    '[speech]\nengine = "none"\nservers = ["ws://x"]',
    '[speech]\nhotwords = ["x"]',
    '[speech]\nengine = "sherpa"\nhotwords = ["x"]\nservers = ["ws://x"]\nfallback = "none"',
    '[sip]\nsrtp = "required"\n[speech]\nservers = ["ws://192.0.2.9"]\n' + MAIL + 'sender = "a@b"\nto = ["a@b"]\n',
    '[sip]\nsrtp = "required"\n[[alerts.ways]]\nkind = "webhook"\nurl = "http://192.0.2.9/x"',
    MAIL,
    '[[alerts.ways]]\nkind = "webhook"\nurl = "ftp://x"',
    '[[alerts.summaries]]\nurl = "192.0.2.9:25"\nevery = "day"\nsender = ""\nto = []\nat = "8"',
    STEP.format(0),
    "[ladder]\ncomplaint_days = 0",
    '[evidence]\ntimestamp_url = "ftp://x"',
    '[proxy]\nsecret = "x"\nurl = "http://192.0.2.9:8080/calls"\nmax_calls = 1000\n[sip]\nmax_calls = 5000',
    '[evidence]\ntimestamp_ca = "none.pem"\nrecordings = "none"',
    '[oidc]\nissuer = "http://x"\nscope = "profile"',
    '[site]\nextensions = "8[0-9"\n[prompts]\nfolder = "none"',
    '[site]\nextensions = "(8"',
    '[site]\nextensions = "*8"',
    '[site]\nextensions = "8)"',
    '[site]\ntimezone = "Mars/Olympus"\nregion = "China"\narea_code = "x"',
    '[store]\nurl = "x"',
    '[judgement]\nlexicon = "none.toml"\nlines = ["none.csv"]',
    '[console]\ncertificate = "none.pem"',
    '[console]\npath = "x/"\nproxies = ["0.0.0.0/0"]\nembed_from = ["x"]',
    "[flow]\npause_seconds = 60\nsecond_seconds = 3\nlisten_seconds = nan\nsettle_seconds = -1",
    '[flow.warnings]\nby = ["agent"]\nnotice_seconds = 900\nlevels = 0\noffences = 0\nend_seconds = -1',
    '[flow.warnings]\nby = ["rule"]\nend_seconds = 900',
    '[flow.warnings]\nby = ["boss"]',
    '[site]\nregion = "x: cannot be read (y), allowed a number"\ntimezone = "the shipped one"',
    "[sip]\npeers = [1]\nregistrars = [1]",
    '[flow.treatment_of]\nbark = "none"',
    '[site]\nname = "见到"\nname2 = "x: y"',
    '[site]\nname = "a\\u0000b"\n[webhook]\nurl = "x\\u0000"\n[oidc]\nroles = {"a\\nb" = "agent"}',
    '[webhook]\nsecret_file = "control"',
    "[flow]\nlisten_seconds = 90000\nsteer_prompts = 1001",
    "[flow.warnings]\ninterval_seconds = 86401\noffences = 1001",
)
NAMES = re.compile(
    r"(?:"
    r"SIP|URI|URL|PEM|IANA|ISO|TCP|UDP|TLS|UTF|REFER|SQLAlchemy|PostgreSQL|Asterisk|Asia/Shanghai|PJSIP|Screener|"
    r"wss?://[A-Z:/.\d]*|https?://[A-Z:/.\d\w]*|sqlite:///screener\.db|tel:|sips?:|HOST|PORT|"
    r"\w+\.(?:conf\.xml|conf|cfg)|SECRET|"
    r"\[\[?[\w.]+\]\]?(?: \w+(?:\.\w+)?)*|"
    r"CN|openid|/screener"
    r")"
)
"""Names that stand in Chinese as they are: of protocols, files of other systems, forms of addresses, sections."""


@cache
def complaints(text: str, folder: Path) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as error:
        parse(text, folder / "screener.toml")
    return tuple(error.value.message.splitlines())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("site")
    (made / "empty").write_text("")
    (made / "latin").write_bytes(b"\xe9")
    (made / "control").write_bytes(b"a\tb")
    return made


@cache
def keys() -> frozenset[str]:
    """Every name of a section and a key, and every code that may stand there; not those that are English words."""
    found = {"true", "false"}

    def walk(hint: object) -> None:
        if isinstance(hint, type) and issubclass(hint, StrEnum):
            found.update(hint)
        elif is_dataclass(hint) and isinstance(hint, type):
            for name, inner in get_type_hints(hint).items():
                found.add(name)
                walk(inner)
        for inner in get_args(hint):
            if get_origin(hint) is Literal:
                found.add(inner)
            else:
                walk(inner)

    walk(Settings)
    return frozenset(found - {"to", "at", "only", "every"})


def english_in(chinese: str, complaint: str, folder: Path) -> list[str]:
    """Words of a complaint's Chinese that are no name of a key, no value and no file."""
    where, _, what = complaint.removeprefix(f"{folder}/screener.toml: ").partition(": found ")
    rest = chinese.removeprefix(f"{folder}/screener.toml：")
    assert rest.startswith(f"{where}："), "the place is said as it stands in the file"
    rest = rest.removeprefix(f"{where}：")
    quoted = re.match(r'"(?:[^"\\]|\\.)*"|-?\d[\d.]*|true|false|nan|inf', what)
    file = re.match(r"(?:beside )?(nofile|empty|latin|control|\.) ", what)
    for value in filter(None, (quoted and quoted[0], file and file[1])):
        assert value in rest, "the value is said as it stands in the file"
        rest = rest.replace(value, "", 1)
    rest = NAMES.sub("", re.sub(r'"[^"]*"|\{leg\}', "", rest))
    return [word for word in re.findall(r"[A-Za-z][\w.]*", rest) if not set(word.split(".")) <= keys()]


@pytest.mark.parametrize("text", WRONG)
def test_a_complaint_has_no_english_in_it_but_names(text: str, folder: Path) -> None:
    for complaint in complaints(text, folder):
        chinese = told(complaint, "zh")
        assert english_in(chinese, complaint, folder) == [], (complaint, chinese)
        assert re.search(r"[\u4e00-\u9fff]", chinese.partition("：")[2]), chinese


def said_by_the_settings() -> Iterator[tuple[str, str]]:
    """File and text of everything in the code that says what is found or allowed, `{}` for what is filled in."""
    for path in sorted((PACKAGE / "settings").glob("*.py")):
        if path.name in OF_OTHER_FILES:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            text = template(node) if isinstance(node, ast.Constant | ast.JoinedStr) else None
            if text and re.match(r"found |allowed ", text):
                yield path.name, text


def test_every_complaint_that_the_code_has_is_among_them(folder: Path) -> None:
    made = "\n".join(line for text in WRONG for line in complaints(text, folder))
    said = [*said_by_the_settings()]
    assert len(said) > 80
    lacking = [
        (name, text)
        for name, text in said
        if not re.search(re.escape(text).replace(r"\{\}", ".*").replace(r"\{leg\}", ".leg."), made)
    ]
    assert lacking == []


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True)
class Data:
    name: Annotated[str, Field(min_length=2, max_length=3, pattern=r"^[a-z]+$")] = ""
    some: Annotated[tuple[int, ...], Field(min_length=1, max_length=2)] = ()
    share: Annotated[float, Field(allow_inf_nan=False)] = 0
    pair: tuple[int, int] = (0, 0)
    kind: Literal["a", "b"] = "a"
    day: date | None = None
    parts: tuple["Data", ...] = ()


@pytest.mark.parametrize(
    ("data", "chinese"),
    [
        ({"name": "a"}, 'name：见到 "a"，应为至少 2 个字符'),
        ({"name": "abcd"}, 'name：见到 "abcd"，应为最多 3 个字符'),
        ({"name": "A1"}, 'name：见到 "A1"，应为如此形式的文字：^[a-z]+$'),
        ({"some": []}, "some：见到列表，应为至少 1 个值"),
        ({"some": [1, 2, 3]}, "some：见到列表，应为最多 2 个值"),
        ({"some": [1, "x"]}, 'some.2：见到 "x"，应为整数'),
        ({"share": float("nan")}, "share：见到 NaN，应为数"),
        ({"pair": [1]}, "pair.2：没有值，必须填写：没有默认值"),
        ({"kind": "c"}, 'kind：见到 "c"，应为 a 或 b'),
        ({"day": date}, None),
        ({"parts": [{"colour": "red"}]}, "parts.1.colour：不认识的键，可用的见自带的文件"),
        ("x", 'value：见到 "x"，应为表'),
    ],
)
def test_a_mistake_of_a_file_of_data_is_told_in_chinese(data: object, chinese: str | None) -> None:
    with pytest.raises(ValidationError) as error:
        TypeAdapter(Data).validate_python(data)
    said = [told(what, "zh") for _, what in of_a_file(error.value)]
    assert chinese in (None, *said), said
    assert not re.search(r"Input|should|[a-z] [a-z]", said[0]), said
