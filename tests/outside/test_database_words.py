"""What a database server says is told in our words, and in the reader's language."""

import re

import pytest

from screener.outside.database_words import _OURS, OTHERWISE, in_our_words
from screener.words.told import told

AT = 'connection failed: connection to server at "192.0.2.1", port 5432 failed: '


@pytest.mark.parametrize(
    ("said", "chinese"),
    [
        (AT + "Connection refused", "连接被拒绝"),
        (AT + "timeout expired", "超时"),
        (AT + 'FATAL:  password authentication failed for user "u"', "数据库服务器不接受用户名或密码"),
        (AT + 'FATAL:  no pg_hba.conf entry for host "192.0.2.9"', "数据库服务器不放行本机（见其 pg_hba.conf）"),
        (AT + 'FATAL:  database "log" does not exist', "数据库服务器上没有这个数据库"),
        (AT + 'FATAL:  role "u" does not exist', "数据库服务器上没有这个用户或表"),
        (AT + "FATAL:  sorry, too many clients already", "数据库服务器的连接已满"),
        (AT + "FATAL:  the database system is starting up", "数据库服务器正在启动或停止"),
        (AT + "server closed the connection unexpectedly", "数据库服务器断开了连接"),
        ("failed to resolve host 'db.invalid': [Errno -2] Name or service not known", "没有这个主机名"),
        ("permission denied for table calls", "没有权限"),
        ('could not extend file "base/1/2": No space left on device', "磁盘已满"),
        ("what nobody has thought of", "数据库服务器出错，原因见其日志"),
    ],
)
def test_what_a_server_says(said: str, chinese: str) -> None:
    assert told(in_our_words(said), "zh") == chinese


@pytest.mark.parametrize("ours", sorted({*_OURS.values(), OTHERWISE}))
def test_each_of_our_words_has_its_chinese(ours: str) -> None:
    assert re.search("[\u4e00-\u9fff]", told(ours, "zh"))
