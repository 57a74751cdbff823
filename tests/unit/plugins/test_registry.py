"""What is found, what wins, and what every failing plug-in is said to be."""

import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path

import msgspec
import pytest

from foxtrot.errors import AdapterBroken, AdapterIncompatible, AdapterNotFound
from foxtrot.plugins import PluginRecord, PluginRegistry, PluginState, import_string
from foxtrot.testkit.toy import TOY

Install = Callable[..., None]
GROUP = "foxtrot.exchanges"


def manifest(name: str = "nova", **changes: object) -> str:
    fields = {"name": name, "title": name.title(), "exchange": "foxtrot.testkit.toy:ToyExchange"} | changes
    arguments = ", ".join(f"{key}={value!r}" for key, value in fields.items())
    return (
        "from foxtrot.capabilities import CapabilitySet\nfrom foxtrot.spec import AdapterSpec\n"
        f"SPEC = AdapterSpec({arguments}, capabilities=CapabilitySet({{}}))\n"
    )


def record(registry: PluginRegistry, name: str) -> PluginRecord:
    (found,) = [r for r in registry.records() if r.name == name]
    return found


def test_a_broken_plugin_beside_a_good_one_harms_only_itself_and_keeps_its_cause(install: Install) -> None:
    install("nova-dist", {GROUP: {"nova": "nova_ok:SPEC"}}, {"nova_ok": manifest()})
    install("aaa-dist", {GROUP: {"wreck": "wreck_bad:SPEC"}}, {"wreck_bad": "raise RuntimeError('half installed')"})
    registry = PluginRegistry()
    assert registry.load("nova").title == "Nova"
    for _ in range(2):
        with pytest.raises(AdapterBroken, match=r"wreck \(aaa-dist 1.2\) is broken: RuntimeError: half") as caught:
            registry.load("wreck")
        assert isinstance(caught.value.__cause__, RuntimeError)
        assert caught.value.exchange == "wreck"
    assert "nova" in registry.names()
    assert "wreck" not in registry.names()


@pytest.mark.parametrize(
    ("value", "code", "reason"),
    [
        ("odd_plug:SPEC", "SPEC = 3", "its entry point is a int, no AdapterSpec"),
        ("odd_plug:NOPE", "SPEC = 3", "AttributeError"),
        ("odd_plug:SPEC", "def (", "SyntaxError"),
        ("odd_plug:SPEC", "import sys; sys.exit(3)", "SystemExit: 3"),
        ("odd_plug", "x = 1", "its entry point is a module, no AdapterSpec"),
        ("odd_plug:SPEC", manifest("other"), "its manifest calls itself other"),
    ],
)
def test_what_is_no_manifest_is_broken_with_a_reason(install: Install, value: str, code: str, reason: str) -> None:
    install("odd-dist", {GROUP: {"odd": value}}, {"odd_plug": code})
    registry = PluginRegistry()
    with pytest.raises(AdapterBroken, match=reason):
        registry.load("odd")
    assert record(registry, "odd").state is PluginState.BROKEN
    assert reason in record(registry, "odd").reason


def test_a_manifest_for_another_plugin_interface_is_incompatible_installed_or_not(install: Install) -> None:
    install("old-dist", {GROUP: {"nova": "nova_old:SPEC"}}, {"nova_old": manifest(api_version=99)})
    registry = PluginRegistry()
    with pytest.raises(AdapterIncompatible, match="written for plug-in interface 99, this is 1"):
        registry.load("nova")
    assert record(registry, "nova").state is PluginState.INCOMPATIBLE
    with pytest.raises(AdapterIncompatible):
        registry.register(msgspec.structs.replace(TOY, api_version=99))


def test_an_entry_point_may_name_a_module_that_holds_spec(install: Install) -> None:
    install("nova-dist", {GROUP: {"nova": "nova_module"}}, {"nova_module": manifest()})
    assert PluginRegistry().load("nova").name == "nova"


def test_of_two_distributions_with_one_name_the_first_by_name_wins_and_the_other_is_reported(install: Install) -> None:
    install("zeta-dist", {GROUP: {"nova": "nova_z:SPEC"}}, {"nova_z": manifest(title="Zeta")})
    install("alpha-dist", {GROUP: {"nova": "nova_a:SPEC"}}, {"nova_a": manifest(title="Alpha")})
    found = list(entry_points(group=GROUP))
    for points in (found, found[::-1]):
        registry = PluginRegistry(lambda group, points=points: points)  # type: ignore[misc]
        assert registry.load("nova").title == "Alpha"
        records = {r.distribution: r for r in registry.load_all() if r.name == "nova"}
        assert records["alpha-dist"].state is PluginState.LOADED
        assert records["zeta-dist"].state is PluginState.SHADOWED
        assert records["zeta-dist"].reason == "alpha-dist already provides nova"


def test_a_broken_winner_does_not_silently_hand_over_to_the_other_distribution(install: Install) -> None:
    install("zeta-dist", {GROUP: {"nova": "nova_z:SPEC"}}, {"nova_z": manifest(title="Zeta")})
    install("alpha-dist", {GROUP: {"nova": "nova_a:SPEC"}}, {"nova_a": "raise OSError('no')"})
    with pytest.raises(AdapterBroken, match="alpha-dist"):
        PluginRegistry().load("nova")


def test_a_blocked_plugin_is_listed_with_who_blocks_it_but_never_loaded(
    install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("nova-dist", {GROUP: {"nova": "nova_blocked:SPEC"}}, {"nova_blocked": manifest()})
    told = PluginRegistry(blocked=["nova"])
    monkeypatch.setenv("FOXTROT_BLOCKED", "other, nova")
    for registry, reason in ((told, "was told to block it"), (PluginRegistry(), "FOXTROT_BLOCKED names it")):
        with pytest.raises(AdapterNotFound, match=f"'nova' is blocked: .*{reason}"):
            registry.load("nova")
        registry.load_all()
        assert record(registry, "nova").state is PluginState.BLOCKED
        assert "nova" not in registry.names()
    assert "nova_blocked" not in sys.modules
    assert "nova" in PluginRegistry(blocked=[]).names()


def test_where_nothing_is_installed_an_unknown_name_is_answered_so() -> None:
    with pytest.raises(AdapterNotFound, match=r"Installed: none.*pip install foxtrot-x") as caught:
        PluginRegistry(lambda group: []).load("x")
    assert caught.value.close_names == ()


def test_what_is_registered_in_process_wins_until_the_reset(install: Install) -> None:
    registry = PluginRegistry()
    assert "nova" not in registry.names()
    install("nova-dist", {GROUP: {"nova": "nova_ok:SPEC"}}, {"nova_ok": manifest()})
    registry.register(msgspec.structs.replace(TOY, name="nova", title="Mine"))
    assert registry.load("nova").title == "Mine"
    assert {r.state for r in registry.records() if r.name == "nova"} == {PluginState.LOADED, PluginState.SHADOWED}
    registry.reset()
    assert record(registry, "nova").state is PluginState.AVAILABLE
    assert registry.load("nova").title == "Nova"


def test_an_installed_adapter_is_all_that_get_exchange_needs(install: Install, tmp_path: Path) -> None:
    install("nova-dist", {GROUP: {"nova": "nova_ok:SPEC"}}, {"nova_ok": manifest()})
    install("wreck-dist", {GROUP: {"wreck": "nova_bad:SPEC"}}, {"nova_bad": "raise RuntimeError('half installed')"})
    code = "import sys; sys.path.insert(0, sys.argv[1]); import foxtrot; print(foxtrot.get_exchange('nova'))"
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "<ToyExchange nova sandbox disconnected>"


def test_a_name_in_a_module_is_imported() -> None:
    assert import_string("foxtrot.spec:API_VERSION") == 1


@pytest.mark.parametrize("path", ["foxtrot.spec", "foxtrot.spec:", ":API_VERSION", ""])
def test_an_import_string_of_the_wrong_shape_is_said_to_be_one(path: str) -> None:
    with pytest.raises(AdapterBroken, match=r"must read 'package\.module:Name'"):
        import_string(path)


@pytest.mark.parametrize("path", ["foxtrot.spec:Nope", "no_such_module_at_all:x", ".relative:x"])
def test_what_is_not_there_is_a_broken_adapter_with_its_cause(path: str) -> None:
    with pytest.raises(AdapterBroken) as caught:
        import_string(path)
    assert caught.value.__cause__ is not None


@pytest.mark.parametrize("code", ["1 / 0", "import sys; sys.exit()", "raise KeyError('x')", "def ("])
def test_whatever_a_module_does_on_import_ends_as_a_broken_adapter(install: Install, code: str) -> None:
    install("b-dist", {}, {"bad_on_import": code})
    with pytest.raises(AdapterBroken, match="bad_on_import"):
        import_string("bad_on_import:x")
