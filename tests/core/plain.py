"""An understanding that anybody can follow: a few words, each with its act and what it weighs."""

from collections.abc import Sequence
from dataclasses import replace

from screener.core.dialogue_acts import Act, Memory, Understood
from screener.core.evidence import Kind, Standing
from screener.events import Speaker
from screener.speech.pinyin import syllables

WORDS: dict[str, tuple[Act, float, Kind, Standing]] = {
    "话费": (Act.BUSINESS, -1.5, Kind.CHITCHAT, Standing.GENUINE),
    "快递": (Act.BUSINESS, -1.5, Kind.CHITCHAT, Standing.GENUINE),
    "投诉": (Act.GRIEVANCE, -3.0, Kind.CHITCHAT, Standing.COMPLAINT),
    "没人处理": (Act.GRIEVANCE, -4.0, Kind.CHITCHAT, Standing.COMPLAINT),
    "废物": (Act.INSULT_AGENT, 3.5, Kind.ABUSE, Standing.GENUINE),
    "傻逼": (Act.INSULT_AGENT, 7.0, Kind.ABUSE, Standing.GENUINE),
    "裙子": (Act.LEWD, 3.5, Kind.LEWD, Standing.GENUINE),
    "内裤": (Act.LEWD, 7.0, Kind.LEWD, Standing.GENUINE),
    "声音真好听": (Act.PERSONAL, 1.0, Kind.LEWD, Standing.GENUINE),
    "孙悟空": (Act.ABSURD, 7.0, Kind.PRANK, Standing.GENUINE),
    "球赛": (Act.SMALLTALK, 1.5, Kind.CHITCHAT, Standing.GENUINE),
    "电影": (Act.SMALLTALK, 1.5, Kind.CHITCHAT, Standing.GENUINE),
    "救救": (Act.DISTRESS, -3.0, Kind.CHITCHAT, Standing.VULNERABLE),
    "请自重": (Act.REBUKE, 3.0, Kind.LEWD, Standing.GENUINE),
    "业务": (Act.STEER, 1.0, Kind.CHITCHAT, Standing.GENUINE),
}
SOUNDS = {syllables(text): meant for text, meant in WORDS.items()}


class Plain:
    """Remembers the log-odds and what the call stands as; the last known word of an utterance says what it
    does."""

    version = "plain"
    leaning = -4.0

    def begin(self) -> Memory:
        return self.leaning, Standing.GENUINE

    def hear(self, memory: Memory, speaker: Speaker, syllables: Sequence[str]) -> tuple[Memory, Understood]:
        assert isinstance(memory, tuple)
        leaning, standing = memory
        act, kind = (Act.OTHER, Kind.PRANK) if speaker is Speaker.CALLER else (Act.AGENT_OTHER, Kind.PRANK)
        for at in range(len(syllables)):
            for sounds, (does, weight, of, stands) in SOUNDS.items():
                if tuple(syllables[at : at + len(sounds)]) == sounds and does.speaker is speaker:
                    leaning, act, kind = leaning + weight, does, of
                    standing = standing if stands is Standing.GENUINE else stands
        if act is Act.INSULT_AGENT and standing in (Standing.COMPLAINT, Standing.ABUSIVE_COMPLAINT):
            leaning, standing = 0.0, Standing.ABUSIVE_COMPLAINT
        return (leaning, standing), Understood(
            act, 0.9, leaning, kind, {s: float(s is standing) for s in Standing}
        )


class Always(Plain):
    """Hears one act in everything."""

    def __init__(self, act: Act) -> None:
        self.act = act

    def hear(self, memory: Memory, speaker: Speaker, syllables: Sequence[str]) -> tuple[Memory, Understood]:
        memory, understood = super().hear(memory, speaker, syllables)
        return memory, replace(understood, act=self.act)
