"""A line of a node's log for who looks at the page 运行状态：in one language, with its time in the site's zone."""

from datetime import datetime, tzinfo

from screener.outside.text import visible
from screener.words.terms import Language, labelled
from screener.words.told import faults_told

LEVELS: dict[str, tuple[str, str]] = {
    "WARNING": ("告警", "Warning"),
    "ERROR": ("错误", "Error"),
    "CRITICAL": ("错误", "Error"),
}
ROOMS: dict[str, tuple[str, str]] = {
    "alerts": ("通知外发", "alerts"),
    "calls": ("来电处理", "calls"),
    "console": ("控制台", "console"),
    "conversations": ("话务系统连接", "link to the PBX"),
    "feed": ("来电播报", "live feed"),
    "freeswitch": ("话务系统连接", "link to the PBX"),
    "media": ("语音收发", "media"),
    "operations": ("服务运行", "operations"),
    "pbx": ("话务系统连接", "link to the PBX"),
    "proxy": ("话务系统连接", "link to the PBX"),
    "review": ("复核", "review"),
    "service": ("服务运行", "operations"),
    "sip": ("SIP 信令", "SIP"),
    "siprec": ("录音流", "recordings"),
    "speech": ("语音识别", "speech recognition"),
    "store": ("来电记录库", "call log"),
    "webhook": ("对方系统", "the other system"),
}
"""What a line is about, by the room of the code that wrote it."""
OTHERS = "程序", "the program"
SEE = "详情见该节点的程序日志"


def fault(line: str, lang: Language, zone: tzinfo) -> str:
    """What `operations.logs.Faults` remembered: time, how grave, what about, and the line itself where it is told.

    In Chinese a line that has English in it stays in the node's log, which is read by who runs the node.
    """
    at, _, rest = line.partition(" ")
    level, _, rest = rest.partition(" ")
    name, _, text = rest.partition(": ")
    try:
        when = f"{datetime.fromisoformat(at).astimezone(zone):%Y-%m-%d %H:%M:%S}"
    except ValueError:
        when, level, name, text = "", "WARNING", "", line
    english = lang == "en"
    grave = LEVELS.get(level, LEVELS["WARNING"])[english]
    about = ROOMS.get(name.partition(".")[0], OTHERS)[english]
    said = text if english else faults_told(text) or SEE
    return visible(" ".join(filter(None, (when, grave, "·", labelled(about, said, lang)))))
