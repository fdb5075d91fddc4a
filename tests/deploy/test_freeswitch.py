"""deploy/freeswitch cannot be run here; at least it is XML, and every place that it names is there."""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from screener.settings.load import load

FOLDER = Path(__file__).parents[2] / "deploy/freeswitch"
DIALPLAN = FOLDER / "dialplan/screener.xml"


@pytest.fixture(scope="module")
def contexts() -> dict[str, list[str]]:
    """The expressions of each context's extensions."""
    root = ET.parse(DIALPLAN).getroot()
    return {
        context.attrib["name"]: [
            condition.attrib["expression"]
            for condition in context.iter("condition")
            if condition.attrib["field"] == "destination_number"
        ]
        for context in root.iter("context")
    }


def actions() -> list[tuple[str, str]]:
    root = ET.parse(DIALPLAN).getroot()
    return [
        (action.attrib["application"], action.attrib.get("data", ""))
        for kind in ("action", "anti-action")
        for action in root.iter(kind)
    ]


def test_every_transfer_leads_to_an_extension(contexts: dict[str, list[str]]) -> None:
    targets = [data for name, data in actions() if name == "transfer"]
    targets += [data.partition("transfer::")[2] for name, data in actions() if name == "bind_meta_app"]
    assert len(targets) >= 5
    for target in targets:
        extension, dialplan, context = target.split()
        assert dialplan == "XML"
        assert any(re.search(expression, extension) for expression in contexts[context]), target


def test_the_screener_s_targets_are_extensions_of_its_context(contexts: dict[str, list[str]]) -> None:
    for target in ("agents", "supervisor", "analysis"):
        assert any(re.search(expression, target) for expression in contexts["from-screener"])


def test_the_gateway_that_is_dialled_is_the_profile_s() -> None:
    profile = ET.parse(FOLDER / "sip_profiles/screener.xml").getroot()
    gateways = {gateway.attrib["name"] for gateway in profile.iter("gateway")}
    dialled = [data for name, data in actions() if name == "bridge"]
    assert len(dialled) == 2
    for data in dialled:
        found = re.search(r"\}sofia/gateway/(\w+)/(\d+)$", data)
        assert found
        assert found[1] in gateways
        assert "leg_timeout=2," in data, "nobody waits longer for the screener"
    settings = {param.attrib["name"]: param.attrib["value"] for param in profile.find("settings") or ()}
    assert settings["context"] == "from-screener"


def test_the_settings_fit_the_event_socket_the_profile_and_the_dialplan(contexts: dict[str, list[str]]) -> None:
    settings = load(FOLDER / "screener.toml")
    socket = ET.parse(FOLDER / "autoload_configs/event_socket.conf.xml").getroot()
    params = {param.attrib["name"]: param.attrib["value"] for param in socket.iter("param")}
    section = settings.freeswitch
    told = params["listen-ip"], int(params["listen-port"]), params["password"]
    assert (section.host, section.port, section.password) == told
    profile = ET.parse(FOLDER / "sip_profiles/screener.xml").getroot()
    gateways = {gateway.attrib["name"] for gateway in profile.iter("gateway")}
    assert section.dial.removeprefix("sofia/gateway/").removesuffix("/{leg}") in gateways
    for uri in (settings.targets.agents, settings.targets.supervisor, settings.targets.analysis):
        user, _, place = uri.removeprefix("sip:").partition("@")
        assert any(re.search(expression, user) for expression in contexts[section.context])
        assert place == f"{section.host}:5066"
    used = {queue for name, data in actions() if name == "callcenter" for queue in [data]}
    assert set(section.queues) <= used
