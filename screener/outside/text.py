"""What comes from outside, made harmless where it leaves us: on a screen, in a log, a spreadsheet, a file name.

Numbers, names, ids and words of callers may hold anything that a network carries. Inside the product they stay as
they came; each way out has one function here.
"""

import hashlib
import json
import re

_CONTROL = re.compile(
    "[\x00-\x1f\x7f-\x9f"  # C0, DEL, C1: colours, titles, keys typed for the reader, new lines
    "\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"  # unseen, or turn the order of what is seen around
)
_FORMULA = tuple("=+-@＝＋－＠")
_NAME = re.compile(r"\w[\w+.-]{0,99}", re.ASCII)
_NUMBER = re.compile(r"\+?[0-9*#]{1,32}|[A-Za-z0-9_][\w.+-]{0,63}", re.ASCII)
_PBX_ID = re.compile(r"[\w.:+-]{1,100}", re.ASCII)
IN_A_CELL = "\t"
"""Before a text that a spreadsheet would compute; it shows the text then, and reads it as text."""

WORDS_MOST = 200
"""Characters of what a person gives as a reason."""


def visible(text: str) -> str:
    r"""One line for a terminal or a log: what controls, hides or turns around becomes `\x1b`, `\u202e`."""
    return _CONTROL.sub(lambda found: _escape(ord(found.group())), text)


def in_one_line(text: str) -> str:
    """A person's own words as the log keeps them: their lines one after the other, at most `WORDS_MOST`."""
    return visible(" ".join(text.split()))[:WORDS_MOST]


def visible_lines(text: str) -> str:
    """Several lines that are ours; each as `visible` leaves it."""
    return "\n".join(map(visible, text.split("\n")))


def in_json(text: str) -> str:
    """JSON on one line that may go to a terminal: the same to every reader of JSON."""
    return _CONTROL.sub(lambda found: json.dumps(found.group())[1:-1], text)


def cell(text: str) -> str:
    """A text for a CSV file that a terminal may show and Excel may open: one line, and never a formula."""
    shown = visible(text)
    return IN_A_CELL + shown if shown.lstrip().startswith(_FORMULA) else shown


def file_name(text: str) -> str:
    """The name of one file or folder for an id: itself where it is a plain name, else a likeness with its sum."""
    if _NAME.fullmatch(text):
        return text
    likeness = re.sub(r"[^\w]", "_", text[:40], flags=re.ASCII)
    return f"{likeness or 'x'}-{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:12]}"


def is_number(text: str) -> bool:
    """Whether it may be a number or a plain user name: what lists, imports and other systems' files take."""
    return _NUMBER.fullmatch(text) is not None


def is_pbx_id(text: str) -> bool:
    """Whether it may be an Asterisk's uniqueid or linkedid: `1772596800.7`, perhaps after a system's name."""
    return _PBX_ID.fullmatch(text) is not None and ".." not in text


def _escape(code: int) -> str:
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
