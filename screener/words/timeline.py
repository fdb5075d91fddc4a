"""Phrases of a call's story, as `calls show` and `explain` tell it."""

from collections.abc import Mapping

WORDS: Mapping[str, tuple[str, str]] = {
    "call": ("来电", "Call"),
    "time": ("时间", "Time"),
    "number": ("号码", "Number"),
    "verdict": ("判定", "Verdict"),
    "review": ("复核", "Review"),
    "said_confirmed": ("{} {} 确认是骚扰", "{} {}: harassment"),
    "said_overturned": ("{} {} 撤销：不是骚扰", "{} {}: no harassment"),
    "said_none": ("{} {} 撤回此前的复核", "{} {}: takes the earlier word back"),
    "start": ("起点 {:z.1f}", "starts at {:z.1f}"),
    "columns": (
        "每行：时刻；加减分与依据；此后的得分/标记线，与此时最像的骚扰类别。各类的标记线不同，未到即不标记。",
        "Each line: when; points and why; then score/threshold, and the kind it is most like so far. "
        "Each kind has a threshold of its own; below it nothing is flagged.",
    ),
    "weights": (
        "依据前的数是它本身的分量；后来撤回的不列。得分怎样逐项相加，见 screener explain。",
        "The number before a reason is its own weight; what was withdrawn is left out. "
        "How they add up: screener explain.",
    ),
    "score": ("得分", "score"),
    "threshold": ("标记线", "threshold"),
    "treatment": ("处理", "treatment"),
    "handed": ("坐席 {} 人工转入", "handed over by agent {}"),
    "pause": ("向坐席提供暂停接听", "the agent was offered a pause"),
    "ok": ("成功", "succeeded"),
    "failed": ("失败", "failed"),
    "ended": ("结束方式", "End"),
    "unknown": ("未知", "unknown"),
    "flags": ("标记", "flagged"),
    "flags_over": ("通话结束后标记", "flagged once the call was over"),
    "tipped": ("在第 {:.2f} 秒越过标记线。", "Over the line at {:.2f} s."),
    "tipped_over": ("通话结束时在标记线以上。", "Over the line once the call was over."),
    "needed": ("当时少了其中任何一项就不会越线：", "Not over it then if any one of these were missing: "),
    "spare": ("当时单独去掉仍会越线：", "Still over it then without any single one of: "),
    "in_all": ("等 {} 项", ", {} in all"),
    "unweighed": (
        "不是凭所听到的内容标记（名单、坐席人工确认，或权重此后有改动）。",
        "Not flagged for what was heard (a list, an agent's word, or weights that have changed since).",
    ),
    "course": ("经过：", "Course: "),
    "settled": ("（业务已办完）", " (the matter is settled)"),
    "lacking": ("从未标记，最接近标记线时还差 {:.1f}。", "Never flagged; {:.1f} short at its closest."),
    "open": (
        "这通来电没有结尾：还在进行，或服务曾中断；此后的话与依据不在记录里。",
        "No end in the log: the call goes on, or the service was killed; what was heard since is not there.",
    ),
    "cut_off": (
        "服务在通话中中断：结尾与此后的话、依据不在记录里。",
        "The service was killed during this call: its end, and what was heard since, are not in the log.",
    ),
    "protected": ("受保护：", "Protected by: "),
}

ANYTHING_ELSE = ("还有什么", "还有啥", "还有没有", "还有别的", "还有其他", "还有其它", "其他需要", "其它需要")
"""What an agent says who asks whether there is anything else to be done."""
NOTHING_MORE = ("没有", "没得", "没了", "没啦", "没事", "没啥", "不用", "不需要", "就这")
"""How a caller begins who says that there is nothing."""
BEFORE_IT = "嗯哦啊呃好行那的，、 暂时目前现在"
"""Characters of what may stand before it."""
