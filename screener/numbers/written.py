"""One number, however it is written: what a network, a PBX or a person puts down, brought to the bare digits.

Nothing here knows the numbering plan beyond mainland China's service numbers and area codes; whether digits are a
whole number, and whose, is for `numbers.identify`.
"""

import re
import unicodedata

MAX_LENGTH = 64
WITHHELD = frozenset(
    {
        "", "anonymous", "asserted", "asterisk", "private", "restricted", "unavailable", "unknown", "<unknown>",
        "withheld", "n/a", "s", "null", "none",
        "匿名", "未知", "未知号码", "未显示", "保密", "无法显示", "无主叫号码",
    }
)  # fmt: skip
"""What stands for no number at all."""
SEPARATORS = re.compile(r"[\s\-‐‑–—.()/]")
_OPERATORS = re.compile(r"95\d{3,6}|1010\d{4}|100(?:00|01|10|50|60|86)")
"""Service numbers that are the same everywhere: banks, airlines (95), chains (1010), operators (100…)."""
_LOCAL_SERVICE = re.compile(r"96\d{3,6}|1[12]\d|1[012]\d{3}")
"""Service numbers that every city has its own of: 96118, 12345, 110."""
LOCAL_LINE = re.compile(r"[2-8]\d{6,7}")
"""A fixed line of the caller's own city, dialled without area code."""
_AREA = r"(?:10|2\d|[3-9]\d{2})"
_IP_PREFIX = re.compile(
    r"(?:179\d{2}|1259[03]|12520|1258[123]|10193|11808)(0?1[3-9]\d{9}|0[1-9]\d{8,10}|00\d{8,15})"
)
"""Access codes of cheap long distance, which exchanges leave before the number; with and without its 0."""
_MASKED = re.compile(r"\+?[\d\s-]*[*xX×•#]{2,}[\d\s*xX×•#-]*")


def given(text: str) -> str:
    """A number or name as a network or PBX tells it; empty where that stands for nobody."""
    return "" if text.strip().lower() in WITHHELD or not text.strip("+0 ") else text


def plain(raw: str) -> str:
    """A number as somebody wrote it, without what is only writing; empty when it stands for nobody.

    Full-width digits become ASCII, `tel:` and `sip:` go, a `phone-context` that names country and area is put in
    front (RFC 3966), separators go. Zeros alone, masked digits (`138****8000`) and words such as `anonymous` are
    no number: they are empty, so that no two people become one.
    """
    text = unicodedata.normalize("NFKC", raw).strip()[: 4 * MAX_LENGTH]
    text = re.sub(r"^(?:tel|sips?|callto):", "", text, flags=re.IGNORECASE)
    text, _, parameters = text.partition(";")
    text = text.partition("@")[0].strip()
    if text.lower() in WITHHELD or _MASKED.fullmatch(text):
        return ""
    bare = SEPARATORS.sub("", text)
    if not re.fullmatch(r"\+?[0-9]+", bare):
        return text[:MAX_LENGTH] if bare.strip("+") else ""
    if not bare.strip("+0"):
        return ""
    return in_context(bare, parameters)[:MAX_LENGTH]


def in_context(digits: str, parameters: str) -> str:
    """A local number with the country and area that its `phone-context` names; as it is without one."""
    context = re.search(r"(?:^|;)phone-context=(\+[\d\-.()]+)", parameters, re.IGNORECASE)
    if not context or digits.startswith("+"):
        return digits
    return SEPARATORS.sub("", context[1]) + digits.removeprefix("0")


def is_service(digits: str) -> bool:
    """Whether these are a service number of mainland China, perhaps behind a city's code."""
    service = f"{_OPERATORS.pattern}|{_LOCAL_SERVICE.pattern}"
    return re.fullmatch(f"(?:0?{_AREA})?(?:{service})", digits) is not None


def chinese(digits: str, area: str = "") -> str:
    """Digits of a call within mainland China, without access codes, and service numbers in their one form.

    Args:
        digits: as `plain` leaves them.
        area: the site's own area code without its 0; empty when it is not known.

    Returns:
        a service number as everybody dials it (`95588`), one of another city with that city's code (`057112345`),
        a fixed line of the site's own city with country and area (`+861088886666`), anything else as it was.
    """
    national = re.sub(r"^(?:\+|00)86", "", digits)
    if access := _IP_PREFIX.fullmatch(national):
        national = digits = access[1]
    if national.startswith(("+", "00")):
        return digits
    if _OPERATORS.fullmatch(national):
        return national
    if city := re.fullmatch(rf"0?({_AREA})({_OPERATORS.pattern}|{_LOCAL_SERVICE.pattern})", national):
        code, service = city.groups()
        explicit = national.startswith("0") or national != digits
        if explicit and _OPERATORS.fullmatch(service):
            return service
        if explicit:
            return service if code == area else f"0{code}{service}"
    if re.fullmatch(r"0?[48]00\d{7}", national):
        return f"+86{national.removeprefix('0')}"
    if digits == national and area and LOCAL_LINE.fullmatch(digits):
        return f"+86{area}{digits}"
    if national != digits and _LOCAL_SERVICE.fullmatch(national):
        return national
    return digits
