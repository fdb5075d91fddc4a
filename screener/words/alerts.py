"""What alerts say."""

from datetime import datetime, tzinfo

from screener.words.terms import Language

CAUSES: dict[str, tuple[str, str]] = {
    "threat": ("来电人威胁", "A caller makes threats"),
    "emergency": ("来电人遇到紧急情况，已转坐席", "An emergency: the caller is with an agent"),
    "burst": ("短时间内骚扰来电 {} 通", "{} harassment calls within a short time"),
    "deaf": ("语音识别中断 {} 次，其间的来电未被识别", "Speech recognition failed {} times: calls went unheard"),
    "asked": ("请主管查看来电", "A supervisor is wanted for a call"),
    "spool": (
        "暂存目录写不进（磁盘是否已满？），{} 通来电在内存中等待写入记录库",
        "The spool cannot be written (a full disk?): {} calls wait in memory for the database",
    ),
}
_PARTS: dict[str, tuple[str, str]] = {
    "by": ("请求人 {}", "asked by {}"),
    "number": ("号码 {}", "number {}"),
    "dialled": ("被叫 {}", "dialled {}"),
    "call": ("编号 {}", "call {}"),
}


def told(
    cause: str,
    lang: Language,
    site: str,
    zone: tzinfo,
    at: datetime,
    number: str,
    dialled: str,
    count: int,
    call: str,
    by: str = "",
) -> str:
    """One alert as text: what and where in the first line, which call in the second."""
    english = lang == "en"
    values = {"by": by, "number": number, "dialled": dialled, "call": call}
    parts = [_PARTS[key][english].format(value) for key, value in values.items() if value]
    head = f"[{site}] {CAUSES[cause][english].format(count)} {at.astimezone(zone):%Y-%m-%d %H:%M:%S}"
    return "\n".join([head, *([("，", ", ")[english].join(parts)] if parts else [])])
