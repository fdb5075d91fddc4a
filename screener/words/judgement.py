"""Verdicts, reasons and evidence in words: the core and the log know codes, people read these."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from screener.core.actions import Misconduct, OrderOutcome, WarningStep
from screener.core.evidence import CODE, GUESSED, Kind, Reason, Verdict, Veto
from screener.core.signals import taken_back
from screener.core.warnings import RULE
from screener.events import DeafCause
from screener.words.console import said
from screener.words.terms import Language, aside, labelled, word

Pair = tuple[str, str]
"""Chinese and English."""

VERDICTS: Mapping[str, Pair] = {
    Verdict.GENUINE: ("正常", "genuine"),
    Verdict.COMPLAINT: ("投诉", "complaint"),
    Verdict.ABUSIVE_COMPLAINT: ("辱骂投诉", "abusive complaint"),
    Verdict.HARASSMENT: ("骚扰", "harassment"),
    Verdict.UNDECIDED: ("未定", "undecided"),
}
KINDS: Mapping[str, Pair] = {
    Kind.LEWD: ("言语猥亵", "lewd talk"),
    Kind.ABUSE: ("辱骂坐席", "abuse of the agent"),
    Kind.PRANK: ("恶作剧", "prank"),
    Kind.CHITCHAT: ("闲聊，无业务", "idle talk, no business"),
    Kind.THREAT: ("威胁", "threat"),
    Kind.MIMIC: ("模仿、唱歌、放录音", "mimicry, songs, recordings"),
    Kind.BREATHING: ("喘息怪声", "breathing"),
    Kind.SILENT: ("无声电话", "silent call"),
    Kind.REDIAL: ("反复拨打", "repeated redialling"),
}
REASONS: Mapping[str, Pair] = {
    Reason.MATTER: ("有业务需求", "has a business request"),
    Reason.COMPLAINT: ("真实投诉，受保护", "a genuine complaint, protected"),
    Reason.ABUSIVE: ("投诉中辱骂坐席，转主管", "insults the agent within a complaint: to a supervisor"),
    Reason.INSULTS: ("辱骂坐席，未达标记线，转主管", "insults the agent, short of a flag: to a supervisor"),
    Reason.UNCLEAR: ("未能判断，转坐席", "unclear: to an agent"),
    Reason.EMERGENCY: ("紧急情况，立即转坐席", "an emergency: to an agent at once"),
    Reason.JUDGED: ("骚扰", "harassment"),
    Reason.AFTERWARDS: ("通话结束后认定：{}", "told once the call was over: {}"),
    Reason.ALLOW_LIST: ("白名单号码", "on the allow list"),
    Reason.BLOCK_LIST: ("黑名单号码", "on the block list"),
    Reason.REPEAT_OFFENDER: ("已确认 {} 次的骚扰号码", "confirmed as harassment {} times before"),
    Reason.SUSPENDED: ("多次确认骚扰，暂停受理", "suspended after confirmed harassment"),
    Reason.BY_AGENT: ("坐席 {} 确认", "confirmed by agent {}"),
    Reason.ORDERED: ("{} 人工处理", "decided by {}"),
    Reason.WARNED: ("警告 {} 次仍再犯", "went on after {} warnings"),
    Reason.IDLE: ("提示后仍无业务", "still without business after the notice"),
    Reason.UNHEARD: ("识别中断，转坐席", "recognition broke off: to an agent"),
    Reason.DEAF: ("听不到来电人（{}），转坐席", "the caller cannot be heard ({}): to an agent"),
    Reason.STOPPING: ("服务停止，转坐席", "the service stops: to an agent"),
    Reason.TIME_UP: ("听满时限未能判断，转坐席", "no judgement in time: to an agent"),
    Reason.FELL_SILENT: ("来电人不再说话，转坐席", "the caller fell silent: to an agent"),
}
DEAF: Mapping[str, Pair] = {
    DeafCause.NO_MEDIA: ("没有音频", "no audio"),
    DeafCause.OTHER_ADDRESS: ("音频来自未协商的地址", "audio from an address not agreed on"),
    DeafCause.NOT_AUTHENTIC: ("加密音频无法验证", "encrypted audio that cannot be verified"),
    DeafCause.OTHER_FORMAT: ("音频格式未协商", "audio in a format not agreed on"),
    DeafCause.SEVERAL_STREAMS: ("同时有多路音频", "several streams at once"),
    DeafCause.OUT_OF_STEP: ("音频残缺", "broken audio"),
}
CODED = ("caller.line", "history.watched")
"""Rules that say in words what their span says as a code."""
UNSAID = ("caller.", "time.", "history.", "sound.")
"""How rules begin whose span nobody said: an hour, a number of calls."""
RULES: Mapping[str, Pair] = {
    "caller.line.public": ("公用电话", "payphone"),
    "caller.line.duty": ("值班电话", "duty phone"),
    "caller.line.anonymous": ("号码未显示", "number withheld"),
    "caller.line.fixed": ("固定电话", "landline"),
    "caller.line.toll_free": ("400/800 号码", "400/800 number"),
    "caller.line.internal": ("内线", "internal line"),
    "caller.line.mobile": ("手机", "mobile"),
    "caller.line.foreign": ("境外号码", "number from abroad"),
    "caller.line": ("线路", "line"),
    "time.night": ("深夜来电", "calls at night"),
    "time.noon": ("午间来电", "calls at noon"),
    "time.holiday": ("节假日来电", "calls on a holiday"),
    "history.flagged": ("曾被标记", "flagged before"),
    "history.confirmed": ("曾被确认骚扰", "confirmed before"),
    "history.overturned": ("标记曾被撤销", "a flag was overturned before"),
    "history.genuine": ("曾有正常来电", "had genuine calls before"),
    "history.watched": ("在关注名单上", "on the watch list"),
    "history.redial": ("反复拨打", "redials repeatedly"),
    "sound.laughter": ("背景笑声", "laughter in the background"),
    "dialogue.silent": ("询问[ {} 次]均无人应答", "asked[ {} times], no answer"),
    "act.caller.business": ("来电人提出业务", "the caller states a request"),
    "act.caller.answer": ("来电人回答坐席", "the caller answers the agent"),
    "act.caller.grievance": ("来电人诉说不满", "the caller complains"),
    "act.caller.smalltalk": ("来电人说业务以外的话", "the caller talks off topic"),
    "act.caller.personal": ("来电人打听坐席私事", "the caller gets personal"),
    "act.caller.lewd": ("来电人言语猥亵", "the caller talks lewdly"),
    "act.caller.insult_agent": ("来电人侮辱坐席", "the caller insults the agent"),
    "act.caller.insult_other": ("来电人骂公司或他人", "the caller swears at the firm or others"),
    "act.caller.threat": ("来电人威胁", "the caller threatens"),
    "act.caller.absurd": ("来电人胡闹或模仿", "the caller fools around or mimics"),
    f"act.caller.absurd.{Kind.MIMIC}": (
        "来电人学舌、唱歌或放录音",
        "the caller mimics, sings or plays recordings",
    ),
    f"act.caller.absurd.{Kind.BREATHING}": ("来电人喘息或发怪声", "the caller breathes or moans"),
    "act.caller.aside": ("来电人与旁人说话", "the caller talks to somebody else"),
    "act.caller.distress": ("来电人求助或情绪危急", "the caller is in distress"),
    "act.caller.refusal": ("来电人不肯说业务", "the caller will not state a request"),
    "act.caller.opening": ("来电人开场，未说业务", "opening words, no request yet"),
    "act.caller.closing": ("来电人道谢或结束", "the caller says goodbye"),
    "act.caller.backchannel": ("来电人应声", "the caller acknowledges"),
    "act.caller.other": ("来电人其他话语", "the caller says something else"),
    "act.agent.greet": ("坐席问候", "the agent greets"),
    "act.agent.ask": ("坐席询问", "the agent asks"),
    "act.agent.inform": ("坐席答复", "the agent informs"),
    "act.agent.steer": ("坐席[第 {} 次]引回正题", "the agent steers back[, time {}]"),
    "act.agent.refuse": ("坐席[第 {} 次]拒绝", "the agent refuses[, time {}]"),
    "act.agent.rebuke": ("坐席[第 {} 次]请其自重", "the agent rebukes[, time {}]"),
    "act.agent.warn": ("坐席[第 {} 次]警告", "the agent warns[, time {}]"),
    "act.agent.end": ("坐席结束通话", "the agent ends the call"),
    "act.agent.sympathy": ("坐席安抚", "the agent shows sympathy"),
    "act.agent.other": ("坐席其他话语", "the agent says something else"),
    "act": ("行为", "act"),
    "voices.mixed": (
        "双方声音在同一路里，分不清谁说",
        "one stream carries both voices: nobody can tell who speaks",
    ),
    "voices.order": ("双方各是哪一路只凭先后推测", "which stream is the caller's is a guess, by their order"),
    "voices.label": ("双方由设置中的媒体流标签分清", "the voices are told apart by the settings' labels"),
    "voices.agents": ("双方由设置中的坐席号码分清", "the voices are told apart by the agents in the settings"),
    "voices.calling": ("双方由录音方所报主叫分清", "the voices are told apart by who is said to have called"),
    "reading.confirmed": ("复听证实", "a second reading confirms the flag"),
    "reading.cleared": ("复听推翻，标记撤回", "a second reading takes the flag back"),
    "reading.none": ("复听未及时完成，以初听为准", "no second reading in time: the first stands"),
}
"""What each rule is called; what stands in [ ] goes where the number for it is not known."""
COUNTED = re.compile(r"\[(.*?)\]")
PERHAPS: Pair = ("像是{}", "probably: {}")
WITHDRAWN_NOTE: Pair = ("识别改正，撤回", "withdrawn: the recogniser corrected itself")
VETOES: Mapping[str, Pair] = {Veto.EMERGENCY: ("紧急情况", "an emergency")}

ABOUT: Mapping[str, Pair] = {
    Misconduct.ABUSE: ("辱骂", "abuse"),
    Misconduct.LEWD: ("言语猥亵", "lewd talk"),
    Misconduct.IDLE: ("长时间无业务", "long without business"),
}
STEPS: Mapping[str, Pair] = {
    WarningStep.ASKED: ("{} 提请", "asked for by {}"),
    WarningStep.GRANTED: ("{} 批准", "granted by {}"),
    WarningStep.REFUSED: ("{} 不批准", "refused by {}"),
    WarningStep.LAPSED: ("无人答复，作罢", "nobody answered"),
    WarningStep.BEGUN: ("开始播放（{} 发起）", "begins ({})"),
    WarningStep.HEARD: ("已播放完", "played to its end"),
    WarningStep.UNHEARD: ("未能播放完，不计", "not played to its end; does not count"),
}
OUTCOMES: Mapping[str, Pair] = {
    OrderOutcome.DONE: ("已执行", "done"),
    OrderOutcome.ALREADY: ("已在进行", "under way already"),
    OrderOutcome.TOO_LATE: ("未执行，来电人正在转接或已离开", "not done: the caller is being moved, or gone"),
    OrderOutcome.NOT_HERE: (
        "未执行，此时不能警告，或没有待批准的事项",
        "not done: no warning is possible now, or nothing waits for approval",
    ),
    OrderOutcome.REPLACED: ("未执行，接通前已有新的指令", "not done: another order came before the answer"),
}
"""What came of a person's order."""
ORDERED: Pair = ("人工操作 {} · {}", "Ordered by {} · {}")

LIST_REASONS: Mapping[str, Pair] = {
    "confirmed": ("已确认 {}", "confirmed: {}"),
    "suggested": ("骚扰 {} 次，确认 {} 次，由 {} 采纳", "harassment {} times, confirmed {}, accepted by {}"),
}
"""Why the product itself put a number on a list, by the code that begins the reason."""


def list_reason(reason: str, lang: Language) -> str:
    """Why a number is on a list: in words where the product put it there, as it was written otherwise."""
    if not is_code(reason):
        return reason
    code, *values = reason.split(CODE)
    return LIST_REASONS[code][lang == "en"].format(*values)


def is_code(reason: str) -> bool:
    """Whether the product itself wrote the reason of an entry."""
    code, *values = reason.split(CODE)
    pair = LIST_REASONS.get(code)
    return pair is not None and pair[0].count("{}") == len(values)


def stands_on(rule: str, detail: str, span: str) -> bool:
    """Whether the span of a piece of evidence tells more than its rule in words."""
    return span not in ("", detail) and not rule.startswith(CODED)


def is_said(rule: str) -> bool:
    """Whether the span of a rule's evidence is what somebody said, and so to be quoted."""
    return not rule.startswith(UNSAID)


@dataclass(frozen=True, slots=True)
class Teller:
    """Puts codes into words.

    Attributes:
        lang: of the words.
        groups: what the lexicon's groups are called, by their ids.
    """

    lang: Language = "zh"
    groups: Mapping[str, Pair] = field(default_factory=dict)

    def verdict(self, verdict: Verdict | None, *, over: bool = False) -> str:
        """What kind of call it is; None is one that goes on, or once it is over one that nothing judged."""
        return self._of(VERDICTS[verdict]) if verdict else word("not_judged" if over else "going_on", self.lang)

    def kind(self, kind: Kind | str | None) -> str:
        """A kind of harassment in a word, empty for none."""
        return word(kind, self.lang) if kind else ""

    def veto(self, veto: str) -> str:
        """What protects a call."""
        return self._of(VETOES.get(veto, (veto, veto)))

    def reason(self, code: str) -> str:
        """A decision's reason, from its code and what follows it: `by_agent:8001`."""
        name, _, what = code.partition(CODE)
        if name == Reason.JUDGED and what in KINDS:
            return self._of(KINDS[what])
        if name == Reason.AFTERWARDS:
            what = self._of(KINDS[what]) if what in KINDS else self.verdict(Verdict.HARASSMENT)
        if name == Reason.BY_AGENT and not what:
            return self._of(("坐席确认", "confirmed by an agent"))
        if name == Reason.DEAF and what in DEAF:
            what = self._of(DEAF[what])
        return self._of(REASONS.get(name, (code, code))).replace("{}", what)

    def misconduct(self, about: str) -> str:
        """What a caller is warned about."""
        return self._of(ABOUT.get(about, (about, about)))

    def level(self, level: int) -> str:
        """Of a warning; 0 is the end of the call."""
        return (
            self._of((f"第 {level} 级", f"level {level}")) if level else self._of(("结束通话", "end of the call"))
        )

    def warning(self, about: str, level: int) -> str:
        """A warning, or the end after the warnings."""
        what = self.misconduct(about)
        if level:
            return self._of((f"第 {level} 级警告（{what}）", f"warning, level {level} ({what})"))
        return self._of((f"警告后结束通话（{what}）", f"end of the call after warnings ({what})"))

    def warned(self, about: str, level: int, step: str, by: str) -> str:
        """A step of a warning."""
        who = self._of(("系统", "the rule")) if by == RULE else by
        said = self._of(STEPS.get(step, (step, step))).format(who)
        return labelled(self.warning(about, level), said, self.lang)

    def outcome(self, act: str, outcome: str) -> str:
        """What came of an order: of the button, by its own word."""
        return labelled(
            said(f"act_{act}", self.lang), self._of(OUTCOMES.get(outcome, (outcome, outcome))), self.lang
        )

    def ordered(self, act: str, by: str, outcome: str) -> str:
        """The same, with who ordered it."""
        return self._of(ORDERED).format(by, self.outcome(act, outcome))

    def evidence(self, rule: str, detail: str = "", kind: Kind | str | None = None) -> str:
        """A piece of evidence, from its rule, its detail, and the kind that it speaks for."""
        if taken_back(rule):
            return self._of(WITHDRAWN_NOTE)
        name = f"{rule}.{kind}" if kind else rule
        while name:
            if pair := RULES.get(name) or self.groups.get(name):
                number = detail.removesuffix(GUESSED)
                said = COUNTED.sub(r"\1" if number else "", self._of(pair)) if name in RULES else self._of(pair)
                said = said.replace("{}", number)
                return self._of(PERHAPS).replace("{}", said) if detail.endswith(GUESSED) else said
            name = name.rpartition(".")[0]
        return rule

    def piece(self, rule: str, detail: str, span: str, kind: Kind | str | None = None) -> str:
        """The same with what it stands on, where it does not say that itself; quoted where somebody said it."""
        text = self.evidence(rule, detail, kind)
        if not stands_on(rule, detail, span):
            return text
        return f"{text} “{span}”" if is_said(rule) else text + aside(span, self.lang)

    def _of(self, pair: Pair) -> str:
        return pair[self.lang == "en"]
