"""`screener explain`, `review` and `tune` over a log with two calls in it."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from screener.cli import cli
from screener.cli.review import say_why
from screener.core.evidence import Kind, Source, Treatment, Verdict
from screener.events import ListName, Speaker
from screener.resources import config_folder
from screener.review.missed import turn
from screener.review.tune import Unproposed
from screener.settings.judgement import load_weights
from screener.store.cut_off import cut_off
from screener.store.log import open_log
from screener.store.records import CallRecord, DecisionRow, EvidenceRow, Review, Segment

LEWD = CallRecord(
    id="20260304T040000-aaaa",
    started_at=datetime(2026, 3, 4, 4, tzinfo=UTC),
    ended_at=datetime(2026, 3, 4, 4, 1, tzinfo=UTC),
    number="+8613800138084",
    verdict=Verdict.HARASSMENT,
    kind=Kind.LEWD,
    flagged_at=3.0,
    segments=(Segment(Speaker.CALLER, 1.0, 3.0, "你穿什么内裤"),),
    evidence=(EvidenceRow(3.0, "lewd.clothes.2", Source.WORDS, Kind.LEWD, 8.5, "你穿什么内裤", "问坐席穿着"),),
    decisions=(
        DecisionRow(
            3.0, Verdict.HARASSMENT, Kind.LEWD, Treatment.ANALYSIS_QUEUE, 4.4, 1.5, False, False, "言语猥亵"
        ),
    ),
)
GENUINE = CallRecord(
    id="20260304T050000-bbbb",
    started_at=datetime(2026, 3, 4, 5, tzinfo=UTC),
    ended_at=datetime(2026, 3, 4, 5, 1, tzinfo=UTC),
    verdict=Verdict.GENUINE,
    evidence=(EvidenceRow(2.0, "act.caller.business", Source.ACTS, Kind.PRANK, -4.0, "查话费", "1"),),
)


@pytest.fixture
def db(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 'log.db'}"
    log = open_log(url)
    log.write([LEWD, GENUINE])
    log.close()
    return url


def run(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == code, result.output
    return result.output


def test_explain_tells_when_it_tipped_and_what_was_needed(db: str) -> None:
    told = run("explain", LEWD.id, "--db", db)
    assert "来电 20260304T040000-aaaa\n" in told and "判定 骚扰 猥亵\n" in told
    assert "来电人：你穿什么内裤" in told
    bar = load_weights(config_folder() / "weights.toml").threshold_of[Kind.LEWD]
    assert f"得分 4.5/{bar} 猥亵 ◄ 标记" in told
    assert told.index("在第 3.00 秒越过标记线。") < told.index("来电人：你穿什么内裤"), "what matters stands first"
    assert "当时少了其中任何一项就不会越线：“你穿什么内裤”" in told


def test_explain_tells_what_protected_a_call(db: str) -> None:
    told = run("explain", "20260304T05", "--db", db)
    assert "从未标记" in told
    assert "来电人提出业务 “查话费”" in told


def test_a_dry_run_is_called_one_wherever_a_call_is_told(db: str) -> None:
    (made,) = LEWD.decisions
    dry = replace(made, treatment=Treatment.NONE, dry_run=True)
    log = open_log(db)
    log.write([replace(LEWD, id="dry", dry_run=True, decisions=(dry,))])
    log.close()
    for command in (["explain"], ["calls", "show"]):
        assert "\n处理方式 试运行（对照）\n" in run(*command, "dry", "--db", db)
        assert "试运行" not in run(*command, LEWD.id, "--db", db)
    asked = ["calls", "list", "--treatment", "dry_run", "--db", db]
    assert "试运行（对照）" in run(*asked)
    (row,) = json.loads(run(*asked, "--format", "json"))
    assert (row["id"], row["treatment"]) == ("dry", "dry_run")


def test_review_is_kept_and_feeds_the_watch_list(db: str) -> None:
    assert "已确认" in run("review", "confirm", LEWD.id, "--db", db, "--by", "王主管")
    log = open_log(db)
    kept = log.call(LEWD.id)
    assert (kept.review, kept.reviewed_by) == (Review.CONFIRMED, "王主管")
    now = datetime.now(UTC)
    assert [(e.name, e.number) for e in log.listed(now)] == [(ListName.WATCH, LEWD.number)]
    assert "已撤销" in run("review", "overturn", LEWD.id, "--db", db)
    assert log.call(LEWD.id).review is Review.OVERTURNED
    assert log.listed(now) == []
    log.close()


def test_what_people_said_of_a_call_stands_where_the_call_is_told(db: str) -> None:
    run("review", "confirm", LEWD.id, "--db", db, "--by", "王主管")
    run("review", "overturn", LEWD.id, "--db", db, "--by", "李主管", "--reason", "是误会")
    for command in (("calls", "show"), ("explain",)):
        told = [line for line in run(*command, LEWD.id, "--db", db).splitlines() if line.startswith("复核 ")]
        assert [line.split(maxsplit=3)[3] for line in told] == [
            "王主管 确认是骚扰",
            "李主管 撤销：不是骚扰（是误会）",
        ]
        assert not any(line.startswith("复核") for line in run(*command, GENUINE.id, "--db", db).splitlines())


def test_the_score_of_a_call_can_be_added_up_as_it_is_told(db: str) -> None:
    told = run("explain", LEWD.id, "--db", db)
    assert (
        told.index("每行：时刻")
        < told.index("   0.00s   起点 -4.0\n")
        < told.index("3.00s   +8.5")
        < told.index("得分 4.5/")
    )
    assert "得分怎样逐项相加，见 screener explain" in run("calls", "show", LEWD.id, "--db", db)


def test_a_sample_of_unflagged_calls_tells_what_is_missed_of_the_last_30_days(db: str) -> None:
    at = datetime.now(UTC) - timedelta(days=1)
    names = sorted((f"recent-{n}" for n in range(3)), key=turn)
    old = at - timedelta(days=40)
    log = open_log(db)
    log.write([replace(GENUINE, id=names[0], started_at=old, ended_at=old)])
    log.write([replace(GENUINE, id=name, started_at=at, ended_at=at) for name in names[1:]])
    log.close()
    before = run("sample", "--db", db)
    assert [line for line in names if line in before] == names[1:] and LEWD.id not in before
    assert "漏判 0 通，已看 0 通" in before
    run("review", "confirm", names[1], "--db", db)
    after = run("sample", "--db", db)
    assert "漏判 1 通，已看 1 通" in after and names[1] not in after and names[2] in after


def test_a_call_that_was_never_judged_cannot_be_reviewed(db: str) -> None:
    log = open_log(db)
    log.write([replace(GENUINE, id="20260304T060000-cccc", verdict=None)])
    log.close()
    result = CliRunner().invoke(cli, ["review", "confirm", "20260304T06", "--db", db])
    assert "never judged" in str(result.exception)


def test_of_a_call_without_an_end_nobody_says_what_was_never_seen(db: str) -> None:
    lost = replace(GENUINE, id="20260304T070000-dddd", verdict=None, ended_at=None, evidence=(), node="here")
    log = open_log(db)
    log.write([lost])
    assert "从未标记" not in (told := run("explain", lost.id, "--db", db)) and "这通来电没有结尾" in told
    assert "进行中" in run("calls", "list", "--db", db)
    cut_off(log, "here", lost.started_at + timedelta(minutes=1))
    log.close()
    told = run("explain", lost.id, "--db", db)
    assert "从未标记" not in told and "服务在通话中中断" in told and "结束方式 故障中断" in told
    assert "进行中" not in run("calls", "list", "--db", db)
    result = CliRunner().invoke(cli, ["review", "confirm", lost.id, "--db", db])
    assert "its end and evidence are not in the log" in str(result.exception)


@pytest.mark.parametrize(
    ("why", "said"),
    [
        (Unproposed(2, 2, 2, guarded=False), "同一规则或类别最多出现在 2 通里；一项建议至少要 3 通"),
        (Unproposed(3, 3, 0, guarded=False), "已复核 3 通，按今天的权重判断都与复核一致"),
        (
            Unproposed(3, 3, 2, guarded=True),
            "其中 2 通按今天的权重判断与复核不符；能改正的改动都会标记不应标记的来电人",
        ),
        (Unproposed(3, 3, 2, guarded=False), "其中 2 通按今天的权重判断与复核不符；没有一项改动利大于弊"),
    ],
)
def test_tune_says_why_it_proposes_nothing(
    why: Unproposed, said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SCREENER_LANG", raising=False)
    say_why(why)
    told = capsys.readouterr().err
    assert said in told and not re.search("[a-z] [a-z]+ [a-z]", told.partition(" — ")[0])


def test_tune_proposes_and_changes_nothing(db: str) -> None:
    run("review", "overturn", LEWD.id, "--db", db)
    few = run("tune", "--db", db, "--format", "json").splitlines()
    assert json.loads(few[-1]) == [], "one call tells nothing of the next"
    assert few[0].startswith("没有可建议的：已复核 1 通，其中同一规则或类别最多出现在 1 通里；一项建议至少要 3 通")
    log = open_log(db)
    log.write(others := [replace(LEWD, id=f"20260304T04{n}000-eeee") for n in range(1, 3)])
    log.close()
    for other in others:
        run("review", "overturn", other.id, "--db", db)
    proposals = json.loads(run("tune", "--db", db, "--format", "json"))
    assert {(p["key"], p["spared"], p["lost"]) for p in proposals} == {("factor.lewd.clothes.2", 3, 0)}
    assert json.loads(run("tune", "--db", db, "--format", "json")) == proposals
