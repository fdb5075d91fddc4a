"""What supervisors read, in Chinese and English: one line for every word that a report can show."""

from collections.abc import Iterable
from typing import Literal

Language = Literal["zh", "en"]

WORDS: dict[str, tuple[str, str]] = {
    "call_centre": ("呼叫中心", "Call centre"),
    # Columns.
    "bucket": ("时段", "Period"),
    "hour": ("时", "Hour"),
    "weekday": ("星期", "Weekday"),
    "day": ("日期", "Day"),
    "week": ("周", "Week"),
    "month": ("月", "Month"),
    "offered": ("来电", "Calls"),
    "calls": ("来电", "Calls"),
    "flagged": ("骚扰", "Flagged"),
    "share": ("占比", "Share"),
    "flagged_share": ("占全部骚扰", "Share of all"),
    "treated": ("已处理", "Treated"),
    "by_hand": ("人工转入", "By agents"),
    "number": ("号码", "Number"),
    "prefix": ("号段", "Prefix"),
    "region": ("地区", "Region"),
    "carrier": ("运营商", "Carrier"),
    "line": ("线路", "Line"),
    "numbers": ("号码数", "Numbers"),
    "new": ("新号码", "New"),
    "returning": ("再犯号码", "Repeat"),
    "first": ("首次", "First"),
    "last": ("最近", "Last"),
    "group": ("进入方式", "Way in"),
    "entered": ("进入", "Entered"),
    "to_the_end": ("听完", "Heard to the end"),
    "abandoned": ("未听完挂断", "Abandoned"),
    "abandoned_after_seconds": ("挂断前停留（秒）", "Left after, s"),
    "repeated": ("重复进入", "Repeated"),
    "stay_median_seconds": ("停留中位数（秒）", "Median stay, s"),
    "stay_p95_seconds": ("停留 95 分位数（秒）", "95th percentile, s"),
    "treatment": ("处理方式", "Treatment"),
    "sources": ("来源数", "Sources"),
    "watched_1": ("满 1 天", "Watched 1 day"),
    "again_1": ("1 天内再来", "Again in 1 day"),
    "again_1_share": ("占比", "Share"),
    "watched_7": ("满 7 天", "Watched 7 days"),
    "again_7": ("7 天内再来", "Again in 7 days"),
    "again_7_share": ("占比", "Share"),
    "watched_30": ("满 30 天", "Watched 30 days"),
    "again_30": ("30 天内再来", "Again in 30 days"),
    "again_30_share": ("占比", "Share"),
    "agent": ("坐席", "Agent"),
    "hit": ("遭骚扰", "Harassed"),
    "confirmed": ("确认", "Confirmed"),
    "overturned": ("撤销", "Overturned"),
    "kind": ("类别", "Kind"),
    "rule": ("规则代号", "Rule id"),
    "confirmed_share": ("确认率", "Confirmed share"),
    "low_share": ("95% 下限", "95 % from"),
    "high_share": ("95% 上限", "to"),
    "measure": ("指标", "Measure"),
    "now": ("本期", "This period"),
    "then": ("上期", "Last period"),
    "change_share": ("变化", "Change"),
    # Lists, calls, accesses.
    "id": ("编号", "Id"),
    "started_at": ("时间", "Time"),
    "verdict": ("判定", "Verdict"),
    "review": ("复核", "Review"),
    "dialled": ("被叫号码", "Dialled"),
    "reason": ("原因", "Reason"),
    "added_at": ("加入", "Added"),
    "expires_at": ("到期", "Expires"),
    "accepted": ("已采纳", "Accepted"),
    "list": ("名单", "List"),
    "at": ("时间", "At"),
    "who": ("操作人", "Who"),
    "action": ("操作", "Action"),
    "subject": ("对象", "Subject"),
    "destination": ("去向", "Destination"),
    "masked_numbers": ("遮盖", "Masked"),
    "key": ("项目", "Key"),
    "value_now": ("现值", "Now"),
    "value_then": ("建议", "Proposed"),
    "gained": ("多找出（已确认）", "Gained"),
    "spared": ("减少误判", "Spared"),
    "lost": ("漏掉（已确认）", "Lost"),
    "found": ("新增标记", "Found"),
    "entrance": ("筛查方式", "Way in"),
    "heard": ("最近听到", "Last heard"),
    "rule_name": ("规则", "Rule"),
    "noise_share": ("错音率", "Misheard"),
    "set": ("数据集", "Set"),
    "label": ("标注", "Label"),
    "interval": ("95% 区间", "95 % interval"),
    "kinds": ("标记类别", "Flagged as"),
    "list_share": ("词句表", "Word list"),
    "evidence": ("依据", "Evidence"),
    "t_evaluate": ("判断与标注对照", "Judgements against labels"),
    "t_false_flags": ("误判，得分高者在前", "False flags, highest score first"),
    "t_calls": ("来电", "Calls"),
    "t_accesses": ("数据取出记录", "Access record"),
    "t_sample": ("未标记来电的抽样", "Sample of unflagged calls"),
    "t_tune": ("权重建议", "Proposed weights"),
    "t_suggest": ("名单建议", "Proposed entries"),
    "t_status": ("正在进行的来电", "Calls in progress"),
    "rung": ("处置", "Step"),
    "since": ("自", "Since"),
    "rung_warned": ("警告", "Warned"),
    "rung_suspended": ("暂停受理", "Suspended"),
    "rung_reported": ("暂停受理，应举报", "Suspended, to be reported"),
    "t_ladder": ("逐级处置", "Escalation ladder"),
    "list_allow": ("白名单", "Allow list"),
    "list_block": ("黑名单", "Block list"),
    "list_watch": ("关注名单", "Watch list"),
    "going_on": ("进行中", "in progress"),
    "genuine": ("正常", "genuine"),
    "complaint": ("投诉", "complaint"),
    "abusive_complaint": ("辱骂投诉", "abusive complaint"),
    "harassment": ("骚扰", "harassment"),
    "undecided": ("未定", "undecided"),
    "review_none": ("", ""),
    "review_confirmed": ("已确认", "confirmed"),
    "review_overturned": ("已撤销", "overturned"),
    "in_path": ("先行筛查", "in path"),
    "beside": ("旁听", "beside"),
    "replay": ("导入", "imported"),
    "to_agents": ("转坐席", "to the agents"),
    "to_supervisor": ("转主管", "to a supervisor"),
    "to_analysis": ("转分析队列", "to the analysis queue"),
    "to_line_fault": ("转线路故障提示", "to the line fault"),
    "to_terminate": ("转结束提示", "to the closing words"),
    "by_caller": ("来电人挂断", "the caller hung up"),
    "by_agent": ("坐席挂断", "the agent hung up"),
    "by_screener": ("系统结束", "ended by Screener"),
    "by_transfer": ("已转出", "transferred"),
    "by_fault": ("故障中断", "cut off by a fault"),
    "flagged_seconds": ("标记时刻（秒）", "Flagged at, s"),
    "score": ("得分", "Score"),
    "words": ("依据原话", "Words"),
    "t_replay": ("判断结果", "Judgements"),
    "hint": ("逐通查看：", "See the calls: "),
    # Measures of the summary.
    "m_offered": ("来电", "Calls"),
    "m_flagged": ("骚扰来电", "Harassment calls"),
    "m_share": ("骚扰占比", "Harassment share"),
    "m_treated": ("已处理", "Treated"),
    "m_by_hand": ("人工转入", "Handed over by agents"),
    "m_numbers": ("骚扰号码数", "Harassing numbers"),
    "m_new": ("其中新号码", "New among them"),
    "m_confirmed": ("人工确认", "Confirmed"),
    "m_overturned": ("人工撤销", "Overturned"),
    "m_entered": ("进入分析队列", "Entered the analysis queue"),
    "m_to_the_end": ("听完分析队列", "Heard it to the end"),
    "m_stay_median": ("停留中位数（秒）", "Median stay, s"),
    # Titles.
    "t_frequency": ("骚扰来电频次", "Frequency of harassment calls"),
    "t_heat": ("星期与时段", "Weekday and hour"),
    "t_sources": ("骚扰来电来源", "Sources of harassment calls"),
    "t_queue": ("来电自动分析队列", "Analysis queue"),
    "t_queue_periods": ("分析队列各时段", "Analysis queue by period"),
    "t_treatment": ("处理效果", "Effect of treatment"),
    "t_agents": ("坐席", "Agents"),
    "t_warnings": ("分级警告", "Graded warnings"),
    "t_rests": ("辱骂通话后提供的暂停接听", "Breaks offered after abusive calls"),
    "about": ("事由", "About"),
    "level": ("级别", "Level"),
    "step_asked": ("提请", "Asked for"),
    "step_granted": ("批准", "Granted"),
    "step_refused": ("不批准", "Refused"),
    "step_lapsed": ("无人答复", "Not answered"),
    "step_begun": ("开始播放", "Started"),
    "step_heard": ("播放完", "Played"),
    "step_unheard": ("未播放完", "Cut short"),
    "rests": ("次数", "Calls"),
    "t_accuracy": ("判断准确度", "Accuracy of flags"),
    "t_rules": ("各条规则", "By rule"),
    "t_summary": ("骚扰来电小结", "Harassment calls: summary"),
    "t_measures": ("本期与上期", "This period and the last"),
    "t_trend": ("每日骚扰来电", "Harassment calls per day"),
    "t_share": ("骚扰占比", "Share of harassment"),
    "flagged_calls": ("骚扰来电（通）", "harassment calls"),
    "partial": ("本期未完", "period not over yet"),
    "t_kinds": ("骚扰类别", "Kinds of harassment"),
    "t_top": ("骚扰最多的号码", "Numbers with most harassment"),
    "t_regions": ("骚扰最多的地区", "Regions with most harassment"),
    "t_lines": ("线路类别", "Line classes"),
    # Values.
    "all": ("全部", "All"),
    "automatic": ("自动", "Automatic"),
    "analysis_queue": ("分析队列", "Analysis queue"),
    "line_fault": ("线路故障", "Line fault"),
    "terminate": ("结束通话", "Terminate"),
    "none": ("未处理", "Untreated"),
    "dry_run": ("试运行（对照）", "Dry run (control)"),
    "unknown_source": ("未知", "unknown"),
    "withheld": ("未显示", "withheld"),
    "nobody": ("（未到坐席）", "(no agent)"),
    "no_kind": ("（未分类）", "(no kind)"),
    "others": ("其他", "Others"),
    "lewd": ("猥亵", "Lewd"),
    "abuse": ("辱骂", "Abuse"),
    "prank": ("恶作剧", "Prank"),
    "chitchat": ("闲聊", "Chitchat"),
    "threat": ("威胁", "Threat"),
    "mimic": ("模仿", "Mimicry"),
    "breathing": ("怪声", "Breathing"),
    "silent": ("无声", "Silent"),
    "redial": ("反复拨打", "Redialling"),
    "mobile": ("手机", "Mobile"),
    "fixed": ("固定电话", "Landline"),
    "toll_free": ("400/800", "400/800"),
    "short": ("短号", "Short"),
    "public": ("公用电话", "Payphone"),
    "duty": ("值班电话", "Duty phone"),
    "foreign": ("境外", "Foreign"),
    "internal": ("内线", "Internal"),
    "anonymous": ("未显示", "Withheld"),
    "unknown": ("未知", "Unknown"),
    "caller": ("来电人", "caller"),
    # The page around.
    "period": ("统计区间", "Period"),
    "whole_log": ("全部记录", "The whole log"),
    "from": ("自", "from"),
    "to": ("至", "to"),
    "made_at": ("生成于", "Made"),
    "queue": ("队列", "Queue"),
    "masked": (
        "号码已遮盖，其后短码相同即同一号码",
        "Numbers are masked; equal marks mean the same number",
    ),
    "nothing": ("没有数据", "No data"),
}
WEEKDAYS = {"zh": "一二三四五六日", "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")}


def site_name(name: str, language: Language) -> str:
    """What a site is called, one that has named itself or not."""
    return name or word("call_centre", language)


def word(key: str, lang: Language) -> str:
    """What a key is called; a key that is no word of ours is called as it is."""
    chinese, english = WORDS.get(key, (key, key))
    return english if lang == "en" else chinese


def weekday(number: int, lang: Language) -> str:
    """Monday is 1."""
    name = WEEKDAYS[lang][number - 1]
    return name if lang == "en" else f"周{name}"


def listed(items: Iterable[str], lang: Language) -> str:
    """Several things of one kind, one after the other."""
    return ("、", ", ")[lang == "en"].join(items)


def labelled(name: str, text: object, lang: Language) -> str:
    """A name and what stands for it: `Queue: sales`."""
    return f"{name}{('：', ': ')[lang == 'en']}{text}"


def aside(text: object, lang: Language) -> str:
    """What is said in passing, to be put right behind a word."""
    return f" ({text})" if lang == "en" else f"（{text}）"


def headed(text: str) -> str:
    """A word that stands alone: with a capital, where the language has them."""
    return text[:1].upper() + text[1:]
