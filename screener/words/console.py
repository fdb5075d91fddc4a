"""The console's own words; terms of calls and reports are in `screener.words.terms`."""

from screener.words.terms import Language

SAID: dict[str, tuple[str, str]] = {
    "title": ("骚扰电话控制台", "Screener console"),
    "login": ("登录", "Log in"),
    "logout": ("退出", "Log out"),
    "name": ("姓名", "Name"),
    "password": ("密码", "Password"),
    "old_password": ("原密码", "Old password"),
    "new_password": ("新密码(至少 10 个字符)", "New password (10 characters at least)"),
    "change_password": ("修改密码", "Change password"),
    "login_refused": (
        "姓名或密码不对,或该账号已暂时锁定。",
        "Name or password is wrong, or the name is locked for a while.",
    ),
    "password_short": ("密码至少 10 个字符。", "A password has at least 10 characters."),
    "skip": ("跳到内容", "Skip to the content"),
    "live": ("实时", "Live"),
    "wall": ("大屏", "Wall"),
    "mute": ("静音", "Mute"),
    "sound": ("声音", "Sound"),
    "no_calls": ("现在没有来电。", "No call is up."),
    "away": ("连接中断,正在重连……", "The connection is lost; trying again…"),
    "feed_away": (
        "有节点不在线:其来电此处看不到,由坐席照常接听。",
        "A node is away: its calls are not shown; agents take them.",
    ),
    "missed": ("浏览器过慢,漏看 {} 条。", "{} lines were missed."),
    "score": ("得分", "Score"),
    "transcript": ("通话文字", "Transcript"),
    "evidence": ("依据", "Evidence"),
    "unheard": ("无人在听", "Not heard"),
    "urgent": ("请立即查看", "Look at once"),
    "act_analysis_queue": ("转入分析队列", "To the analysis queue"),
    "act_line_fault": ("线路故障", "Line fault"),
    "act_terminate": ("结束通话", "End the call"),
    "act_agents": ("这是误判", "A mistake"),
    "agent": ("坐席", "Agent"),
    "no_call": ("现在没有通话。", "No call now."),
    "card": ("提示卡", "Cue card"),
    "no_card": ("照常接待。", "Go on as usual."),
    "card_do": ("这样做", "Do"),
    "card_avoid": ("不要", "Avoid"),
    "card_say": ("可以说", "Say"),
    "pin": ("固定", "Pin"),
    "cards_off": ("关闭提示", "Cards off"),
    "cards_on": ("打开提示", "Cards on"),
    "listening": ("来电人说了 {} %(倾听以 80 % 为宜)", "The caller spoke {} % (80 % is good listening)"),
    "hand_over": ("骚扰,转入分析队列", "Harassment: to the analysis queue"),
    "sure": ("确定?", "Sure?"),
    "done": ("已执行", "Done"),
    "not_done": ("未能执行", "Not done"),
}


def said(key: str, lang: Language) -> str:
    """A sentence of the console; an unknown key is a fault of ours."""
    return SAID[key][lang == "en"]
