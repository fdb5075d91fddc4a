"""What people call a class of telephone lines, in either language, when they write it down."""

from collections.abc import Mapping

from screener.events import LineClass

LINES: Mapping[str, LineClass] = {
    name: line
    for line, names in {
        LineClass.MOBILE: "cell cellphone cellular mobile_phone 手机 手机号 移动电话",
        LineClass.FIXED: "landline fixed_line pstn geographic 座机 固话 固定电话 市话",
        LineClass.PUBLIC: "payphone pay_phone public_phone 公用电话 公话 电话亭",
        LineClass.DUTY: "duty_phone 值班电话",
        LineClass.ANONYMOUS: "hidden withheld private blocked restricted unavailable 隐藏 匿名 保密 未显示",
        LineClass.TOLL_FREE: "tollfree freephone 400/800 400 800 免费电话",
        LineClass.SHORT: "short_code 短号",
        LineClass.FOREIGN: "international abroad overseas 境外 国际 国际长途 国外 海外",
        LineClass.INTERNAL: "extension internal_line 内线 分机",
        LineClass.UNKNOWN: "voip other 网络电话 未知 不详",
    }.items()
    for name in names.split()
}
"""Usual names beside the codes, small, with `_` between words; a line over the internet tells nothing."""
