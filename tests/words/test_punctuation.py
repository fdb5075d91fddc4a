"""Chinese that people read is set with full-width marks."""

import pytest

from tests.words.punctuation import FILES, ROOT, corrected, full_width


@pytest.mark.parametrize("name", FILES)
def test_marks_beside_chinese_are_full_width(name: str) -> None:
    assert (ROOT / name).read_text("utf-8") == corrected(name), "run: python -m tests.words.punctuation"


@pytest.mark.parametrize(
    ("typed", "corrected"),
    [
        ("见:screener --help", "见：screener --help"),
        ("对吗? {}(可用:{})", "对吗？{}（可用：{}）"),
        ("管理接口 (AMI),旁听", "管理接口（AMI），旁听"),
        ("见 [deploy/](deploy/README.md) 与 `a(b), c`", "见 [deploy/](deploy/README.md) 与 `a(b), c`"),
        ("在 {}:{} 监听, 08:00", "在 {}:{} 监听，08:00"),
        ("English only: (yes), no?", "English only: (yes), no?"),
    ],
)
def test_only_the_marks_of_the_chinese_change(typed: str, corrected: str) -> None:
    assert full_width(typed) == full_width(corrected) == corrected
