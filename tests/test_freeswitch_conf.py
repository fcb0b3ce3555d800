"""What can be known of the FreeSWITCH side without a FreeSWITCH."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from xml.etree import ElementTree

import pytest

from agentd.config import Settings

ROOT = Path(__file__).parents[1]
CONF = ROOT / "freeswitch-conf"
DIALPLANS = sorted((ROOT / "dialplan").glob("*.xml"))
FILES = [*DIALPLANS, *sorted(CONF.rglob("*.xml"))]
TEXTS = [*FILES, CONF / "README.md", ROOT / "docs" / "freeswitch-setup.md"]

# Which module an application of the dialplan comes from.
MODULES = {
    "answer": "mod_dptools",
    "bridge": "mod_dptools",
    "distributor": "mod_distributor",
    "hangup": "mod_dptools",
    "playback": "mod_dptools",
    "set": "mod_dptools",
    "socket": "mod_event_socket",
}


def tree(file: Path) -> ElementTree.Element:
    return ElementTree.parse(file).getroot()


def config(name: str) -> ElementTree.Element:
    root = tree(CONF / "autoload_configs" / f"{name}.xml")
    assert (root.tag, root.get("name")) == ("configuration", name)
    return root


def params(element: ElementTree.Element) -> dict[str, str]:
    return {p.attrib["name"]: p.attrib["value"] for p in element.iter("param")}


def extensions() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Every extension of the dialplans: its name, and its actions in order."""
    for file in DIALPLANS:
        for extension in tree(file).iter("extension"):
            actions = extension.iter("action")
            found = [(a.attrib["application"], a.get("data", "")) for a in actions]
            yield extension.attrib["name"], found


def with_socket() -> list[tuple[str, list[tuple[str, str]]]]:
    found = [(name, actions) for name, actions in extensions() if "socket" in dict(actions)]
    assert {name for name, _ in found} == {"agentd_outbound", "agentd_inbound_test"}
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda f: str(f.relative_to(ROOT)))
def test_every_file_is_well_formed(file: Path) -> None:
    if shutil.which("xmllint"):
        subprocess.run(["xmllint", "--noout", "--nonet", file], check=True, timeout=20)
    tree(file)


def test_there_is_what_was_promised() -> None:
    names = {str(f.relative_to(ROOT)) for f in FILES}
    assert {"dialplan/agentd-outbound.xml", "dialplan/agentd-inbound-test.xml"} <= names
    for name in ("event_socket", "modules", "acl", "distributor", "switch", "sofia"):
        assert f"freeswitch-conf/autoload_configs/{name}.conf.xml" in names


def test_contexts_have_names_of_their_own() -> None:
    """FreeSWITCH looks at the first context of a name, and at no other."""
    contexts = [c.attrib["name"] for file in DIALPLANS for c in tree(file).iter("context")]
    assert sorted(contexts) == ["agentd", "agentd-test"]


def test_no_extension_takes_a_number_it_does_not_name_whole() -> None:
    for file in DIALPLANS:
        for condition in tree(file).iter("condition"):
            assert condition.attrib["field"] == "destination_number"
            expression = condition.attrib["expression"]
            assert re.fullmatch(r"\^[a-z0-9_]+\$", expression), expression


# -- the socket ------------------------------------------------------------------------------


def test_silence_and_terminators_are_set_before_the_first_socket() -> None:
    for name, actions in with_socket():
        first = [application for application, _ in actions].index("socket")
        before = [data for application, data in actions[:first] if application == "set"]
        assert "send_silence_when_idle=-1" in before, name
        assert "playback_terminators=none" in before, name


def test_every_socket_has_a_net_of_its_own_under_it() -> None:
    longest = Settings().dialogue.max_call_s
    for name, actions in with_socket():
        for position, (application, _) in enumerate(actions):
            if application == "socket":
                last = [d for a, d in actions[:position] if a in ("set", "socket")][-1]
                net = re.fullmatch(r"park_timeout=(\d+):ALLOTTED_TIMEOUT", last)
                assert net, f"{name}: no park_timeout between this socket and what is before it"
                assert longest < int(net[1]) <= longest + 600


def test_sockets_are_async_full_on_loopback_and_one_listens_where_agentd_does() -> None:
    for name, actions in with_socket():
        sockets = [data for application, data in actions if application == "socket"]
        for data in sockets:
            hosts, *flags = data.split(" ")
            assert flags == ["async", "full"], name
            pairs = [host.rsplit(":", 1) for host in hosts.split("|")]
            assert len(pairs) >= 2
            assert all(ip_address(address).is_loopback for address, _ in pairs)
            assert str(Settings().server.esl_port) in [port for _, port in pairs]
        assert len(set(sockets)) == len(sockets), "a failover to the same host first is none"


def test_outbound_calls_fail_over_and_always_end() -> None:
    actions = dict(extensions())["agentd_outbound"]
    assert [a for a, _ in actions].count("socket") == 2
    for name, actions in extensions():
        assert actions[-1][0] == "hangup", name


def test_an_inbound_call_is_described_and_answered_before_agentd_has_it() -> None:
    actions = dict(extensions())["agentd_inbound_test"]
    first = [application for application, _ in actions].index("socket")
    assert ("answer", "") in actions[:first]
    described = {d.partition("=")[0] for a, d in actions[:first] if a == "set"}
    assert {"agentd_scenario", "agentd_phone", "agentd_contact_first_name"} <= described


# -- the configuration -----------------------------------------------------------------------


def test_the_event_socket_listens_on_loopback_for_loopback_with_no_password_anybody_knows() -> None:
    given = params(config("event_socket.conf"))
    assert ip_address(given["listen-ip"]).is_loopback
    assert given["apply-inbound-acl"] == "loopback.auto"
    assert int(given["listen-port"]) == Settings().switch.port
    assert given["password"] == "CHANGE-ME"


def test_every_application_has_its_module() -> None:
    loaded = {load.attrib["module"] for load in config("modules.conf").iter("load")}
    for name, actions in extensions():
        for application, _ in actions:
            assert MODULES[application] in loaded, f"{name}: {application}"
    # What agentd itself asks of the switch: formats, the fork, the beep, api commands.
    needed = {"mod_sndfile", "mod_tone_stream", "mod_audio_fork", "mod_avmd", "mod_commands"}
    assert needed | {"mod_sofia", "mod_dialplan_xml"} <= loaded


def test_profiles_use_contexts_and_lists_that_exist() -> None:
    lists = {x.attrib["name"] for x in config("acl.conf").iter("list")} | {"loopback.auto"}
    contexts = {c.attrib["name"] for file in DIALPLANS for c in tree(file).iter("context")}
    external, internal = (
        params(tree(CONF / "sip_profiles" / f"{n}.xml")) for n in ("external", "internal")
    )
    for given in (external, internal):
        assert given["apply-inbound-acl"] in lists
        assert given["outbound-codec-prefs"] == "PCMA,PCMU"
    assert ip_address(internal["sip-ip"]).is_loopback
    assert internal["context"] in contexts
    assert external["context"] not in contexts, "a call from outside must not reach the agent"


def test_dialplan_gateways_exist() -> None:
    folder = CONF / "sip_profiles" / "external"
    gateways = {g.attrib["name"] for f in folder.glob("*.xml") for g in tree(f).iter("gateway")}
    used = {g for f in TEXTS for g in re.findall(r"sofia/gateway/([\w-]+)/", f.read_text())}
    assert used
    assert used <= gateways


def test_distributed_nodes_are_hosts_of_the_dialplan() -> None:
    nodes = {n.attrib["name"] for n in config("distributor.conf").iter("node")}
    (first, *_) = [d for a, d in dict(extensions())["agentd_outbound"] if a == "socket"]
    assert nodes == set(first.split(" ")[0].split("|"))


def test_preprocessor_lines_are_whole_found_and_outside_of_comments() -> None:
    """FreeSWITCH handles them line by line, before it knows what a comment is."""
    for file in FILES:
        text = file.read_text()
        for comment in re.findall(r"<!--.*?-->", text, re.DOTALL):
            assert "<X-PRE-PROCESS" not in comment, file
        for line in text.splitlines():
            if "<X-PRE-PROCESS" not in line:
                continue
            whole = re.fullmatch(r'\s*<X-PRE-PROCESS cmd="(\w+)" data="([^"]+)"/>', line)
            assert whole, f"{file}: {line}"
            if whole[1] == "include" and not whole[2].startswith("dialplan/"):
                assert list(file.parent.glob(whole[2])), f"{file}: {whole[2]} includes nothing"


def test_what_is_expanded_has_been_set() -> None:
    given = {"local_ip_v4"}  # FreeSWITCH's own
    for file in FILES:
        given |= set(re.findall(r'cmd="set" data="(\w+)=', file.read_text()))
    for file in FILES:
        assert set(re.findall(r"\$\$\{(\w+)\}", file.read_text())) <= given, file


def test_numbers_in_examples_belong_to_nobody() -> None:
    """+33 1 99 00 is kept for fiction by the ARCEP; 192.0.2.0/24 by RFC 5737."""
    for file in TEXTS:
        text = file.read_text()
        for number in re.findall(r"\+\d{8,}", text):
            assert number.startswith("+3319900"), f"{file}: {number}"
        for address in re.findall(r"\b\d+\.\d+\.\d+\.\d+\b", text):
            assert address.startswith(("127.", "192.0.2.")), f"{file}: {address}"


def test_nothing_we_tell_people_to_type_crashes_or_cripples_the_switch() -> None:
    """An audio fork without a rate crashes it; an unquoted &socket() is neither async nor full."""
    told = 0
    for file in TEXTS:
        text = file.read_text()
        for rest in re.findall(r"uuid_audio_fork \S+ start (.*)", text):
            assert re.match(r"\S+ (mono|mixed|stereo) (8k|16k)\b", rest), f"{file}: {rest}"
            told += 1
        for quote, inside in re.findall(r"(.)&socket\(([^)]*)\)", text):
            assert quote == "'", f"{file}: &socket({inside}) without single quotes"
            assert inside.endswith(" async full")
            told += 1
    assert told >= 2
