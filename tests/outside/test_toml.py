"""What is wrong with TOML that people write is told in words of ours, with its line."""

import re

import pytest

from screener.outside.toml import tables_of
from screener.words.told import told


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[sip]\nport = 1\n[sip]\n", "第 3 行第 5 列：节 [sip] 前面已有，不能出现两次"),
        ("[sip.tls]\n[sip]\n[sip.tls]\n", "第 3 行第 9 列：节 [sip.tls] 前面已有，不能出现两次"),
        ("[[a]]\n[a]\n", "第 2 行第 3 列：节 [a] 前面已有，不能出现两次"),
        ("[sip]\nport = 1\nport = 2\n", "第 3 行第 9 列：键 port 前面已有，不能出现两次"),
        ("a.b = 1\na.b.c = 2\n", "第 2 行第 10 列：键 a.b.c 前面已有，不能出现两次"),
        ("x = {a = 1, b = 2, a = 3}", "第 1 行第 25 列：键 a 前面已有，不能出现两次"),
        ("port = ５０６０", "第 1 行第 8 列：这里有中文标点或全角字符（５ ０ ６），请改用半角（英文输入法）"),
        ("h = “a”", "第 1 行第 5 列：这里有中文标点或全角字符（“ ”），请改用半角（英文输入法）"),
        ("port：5", "第 1 行第 5 列：这里有中文标点或全角字符（：），请改用半角（英文输入法）"),
        ("a\u3000= 1", "第 1 行第 2 列：这里有中文标点或全角字符（U+3000），请改用半角（英文输入法）"),
        ('h = "a”', "文件末尾（第 1 行）：这里有中文标点或全角字符（”），请改用半角（英文输入法）"),
        ('a = "全角，“可以”" b', "第 1 行第 15 列：值后面多出了内容"),
        ('a = "x', "文件末尾（第 1 行）：引号或括号没有闭合"),
        ('a = "x\nb = 1"', "第 1 行第 7 列：引号或括号没有闭合"),
        ("a = [1,", "文件末尾（第 1 行）：还没有写完"),
        ("a = True", "第 1 行第 5 列：值写法不对：文字要加引号，数字不加"),
        ('p = "C:\\x"', "第 1 行第 10 列：双引号中的 \\ 要写两个"),
        ("[sip\n", "第 1 行第 5 列：节名后面缺 ]"),
        ("a\n", "第 1 行第 2 列：键后面缺等号"),
        ("=1", "第 1 行第 1 列：既不是键，也不是节"),
        ('a = "x\x01"', "第 1 行第 7 列：含有控制字符"),
        (f"a = {'[' * 3000}", "嵌套过深"),
    ],
)
def test_a_mistake_is_told_with_its_cause(text: str, said: str) -> None:
    with pytest.raises(ValueError, match="not TOML") as wrong:
        tables_of(text)
    assert told(f"x.toml: {wrong.value}", "zh") == f"x.toml：不是 TOML：{said}"


WRITTEN = "[site]\nname = \"中文，“名称”\"\nport = 5060\nlist = [1, 2]\nwhen = 2026-03-04\n[[a]]\nx = {b = 'c'}\n"


@pytest.mark.parametrize("sign", ["”", "，", "\x02", "[", "]", "=", '"', "\\", "１", "#", "{", "\n", "x"])
def test_whatever_is_mistyped_is_told_in_chinese_alone(sign: str) -> None:
    assert tables_of(WRITTEN)["site"]["port"] == 5060
    for at in range(len(WRITTEN)):
        try:
            tables_of(WRITTEN[:at] + sign + WRITTEN[at:])
        except ValueError as wrong:
            said = told(f"x.toml: {wrong}", "zh")
            bare = re.sub(r"x\.toml|TOML|节 \[.*?\]|键 .*? 前|（.*?）", "", said)
            assert not re.search(r"[A-Za-z]{2,}", bare), said
